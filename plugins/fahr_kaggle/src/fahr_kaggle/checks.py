"""What can be checked before a job is sent: account, kernel, sources, quota, time."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from fahr_core.errors import AccessError, ServiceError
from fahr_core.findings import finding_of
from fahr_core.models import Finding
from fahr_kaggle.client import Kaggle
from fahr_kaggle.identity import experiment_id
from fahr_kaggle.kernel import Kernel
from fahr_kaggle.options import SESSION_LIMIT, options_of
from fahr_kaggle.ownership import ownership_problem
from fahr_kaggle.sources import attached, input_sources

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fahr_core.models import Job
    from fahr_kaggle.options import Options
    from fahr_kaggle.sources import Source

__all__ = ["examine"]

#: The run id of a job that is never sent, by which ``fahr doctor`` asks.
_SAMPLE = "sample"


def examine(job: Job) -> list[Finding]:
    """Find what is wrong or doubtful, and what is well.

    Raises:
        UsageError: the settings contradict each other.
    """
    options = options_of(job)
    found = [*_of_settings(job, options)]
    try:
        with Kaggle() as kaggle:
            found += _Account(kaggle, job, options).findings()
    except AccessError as error:
        found.append(finding_of("credentials", error))
    except ServiceError as error:
        found.append(finding_of("service", error))
    return found


def _of_settings(job: Job, options: Options) -> Iterator[Finding]:
    longest = SESSION_LIMIT[options.machine.kind]
    if job.timeout and job.timeout > longest:
        yield _error(
            "time",
            f"a Kaggle session takes {longest // 3600} hours at most",
            "fahr fit -c chain=3    goes on in up to 3 more sessions, from its checkpoints",
        )
    if not options.private:
        yield _warning("public", "everybody can read this kernel, its code and its output")
    if job.kind == "notebook":
        yield from _of_notebooks(job, options)


def _of_notebooks(job: Job, options: Options) -> Iterator[Finding]:
    if options.chain:
        yield _error("chain", "Kaggle runs a notebook itself; only scripts go on in a next session")
    if job.timeout:
        yield _warning("time", "Kaggle ends a notebook at its limit without time to save")


class _Account:
    """What only the account can tell."""

    def __init__(self, kaggle: Kaggle, job: Job, options: Options) -> None:
        self._kaggle, self._job, self._options = kaggle, job, options

    def findings(self) -> Iterator[Finding]:
        username = self._kaggle.username
        owner = self._options.owner or username
        if owner.lower() != username.lower():
            yield _error(
                "username",
                f"the credentials are those of {username}, not of {owner}",
                f"fahr fit -c username={username}",
            )
            return
        yield from self._kernel(Kernel(owner, self._options.slug))
        for source in [*attached(self._options), *input_sources(self._job).values()]:
            if source.digest is None:
                yield from self._source(source)
        yield from self._quota()
        # Last: where anything above failed for the credentials, this is not said.
        yield Finding(level="ok", subject="credentials", message=f"{username}")

    def _kernel(self, kernel: Kernel) -> Iterator[Finding]:
        artifact = Path(self._job.experiment, self._job.artifact)
        if self._job.run_id == _SAMPLE and not artifact.exists():
            return
        latest = self._kaggle.version(kernel)
        mine = experiment_id(Path(self._job.experiment))
        if latest and (problem := ownership_problem(self._job, mine, kernel, latest)):
            yield _error("kernel", problem.text, *problem.hints)

    def _source(self, source: Source) -> Iterator[Finding]:
        problem = self._problem_of(source)
        if problem:
            yield _error("sources", *problem)

    def _problem_of(self, source: Source) -> tuple[str, ...] | None:
        if source.kind == "competition":
            return self._problem_of_competition(source.name)
        owner, _, slug = source.name.partition("/")
        page = f"https://www.kaggle.com/{source.kind}s/{source.name}"
        if source.kind == "dataset":
            status = self._kaggle.dataset_status(owner, slug.partition("/")[0])
            if status is None:
                return f"no dataset {source.name}, or not for this account", page
            return None
        if source.kind == "kernel" and self._kaggle.version(Kernel(owner, slug)) is None:
            return f"no kernel {source.name}, or not for this account", page
        return None

    def _problem_of_competition(self, name: str) -> tuple[str, ...] | None:
        entered = self._kaggle.has_entered(name)
        if entered is None:
            return (f"no competition {name}",)
        if not entered:
            rules = f"https://www.kaggle.com/competitions/{name}/rules"
            return f"you have not accepted the rules of {name}", f"join it: {rules}"
        return None

    def _quota(self) -> Iterator[Finding]:
        kind = self._options.machine.kind
        kinds = ("gpu", "tpu") if self._job.run_id == _SAMPLE else (kind,) if kind != "cpu" else ()
        for one in kinds:
            try:
                quota = self._kaggle.quota(one)
            except ServiceError as error:  # Kaggle refuses the push where there is none left
                yield _warning("quota", error.message)
                return
            if quota is None:
                continue
            told = quota.told(one)
            if quota.left <= 0 and one == kind:
                used_up = f"this week's {one.upper()} time is used up: {told}"
                yield _error("quota", used_up, "fahr doctor")
            else:
                yield Finding(level="ok", subject=told, message="this week")


def _error(subject: str, message: str, *hints: str) -> Finding:
    return Finding(level="error", subject=subject, message=message, hints=hints)


def _warning(subject: str, message: str) -> Finding:
    return Finding(level="warning", subject=subject, message=message)
