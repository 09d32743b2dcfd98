"""What is known of a job before it has a name: environment, rendered files, code.

The files are rendered before the snapshot is taken, so that what a driver renders for the
job, such as ``run.sh``, travels with the code.  What a later ``fit`` and ``fahr init`` make
of the same folder comes from here too.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from fahr_core import names, snapshot
from fahr_core.environment import resolve as resolve_environment
from fahr_core.experiment import git_state
from fahr_core.ledger.fetched import marks_of
from fahr_core.models import Artifacts, Capability, Code, Environment, Job
from fahr_core.sample import sample_job

if TYPE_CHECKING:
    from pathlib import Path

    from fahr_core.experiment import Experiment
    from fahr_core.ledger import Ledger
    from fahr_core.planning import Plan
    from fahr_core.reporter import Reporter
    from fahr_core.session import Session
    from fahr_core.settings.validated import Settings

__all__ = ["Draft", "draft", "named_job", "rendered", "resolved", "write_files"]

#: uv's names for the platforms that images are made for.
_PLATFORMS = {"linux/amd64": "x86_64-unknown-linux-gnu", "linux/arm64": "aarch64-unknown-linux-gnu"}
#: What is fahr's own among the rendered files, and of no interest to who reads the stages.
_OWN = ".fahr/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A job without a name."""

    plan: Plan
    environment: Environment
    artifacts: Artifacts
    code: Code


def draft(plan: Plan, ledger: Ledger, reporter: Reporter) -> Draft:
    """Resolve the environment, render the files and write them, take the snapshot.

    In a dry run nothing is written, neither here nor into the store.

    Raises:
        FahrError: the environment file cannot be used, a template is wrong, an edited file
            contradicts the options, or the disk is full.
    """
    order, core = plan.order, plan.core
    session, settings, experiment = plan.session, plan.settings, plan.experiment
    environment = resolved(
        session,
        settings,
        experiment,
        reporter,
        upgrade=order.upgrade_env,
        write=not order.dry_run,
    )
    sample = _as_planned(sample_job(session, settings, experiment, environment), plan)
    artifacts = rendered(session, sample)
    if not order.dry_run:
        _write(plan, artifacts, reporter)
    take = snapshot.survey if order.dry_run else snapshot.take
    code = take(
        experiment,
        include=core["include"],
        exclude=core["exclude"],
        fetched=_fetched(ledger, experiment.folder),
        warn=reporter.warn,
    )
    reporter.say("code", snapshot.describe(code))
    if warning := snapshot.size_warning(code):
        reporter.warn(warning)
    _tell(environment, reporter)
    return Draft(plan=plan, environment=environment, artifacts=artifacts, code=code)


def named_job(draft: Draft, name: str, run_id: str) -> Job:
    """Give the draft's job under a name; an empty name is a job whose content alone counts."""
    plan = draft.plan
    token = "" if plan.order.name else run_id[:6]
    job = sample_job(plan.session, plan.settings, plan.experiment, draft.environment)
    return replace(
        _as_planned(job, plan),
        name=name,
        run_id=run_id,
        remote_name=names.remote_name(name, plan.session.info.names, token) if name else "",
        code=draft.code,
        git=git_state(plan.experiment.folder),
        drawn_at=time.time(),
    )


def resolved(
    session: Session,
    settings: Settings,
    experiment: Experiment,
    reporter: Reporter,
    *,
    upgrade: bool = False,
    write: bool = True,
) -> Environment:
    """Resolve the environment for the platform that the driver's jobs run on.

    Raises:
        EnvironmentFileError: the file cannot be used, which names file and line.
        ServiceError: the package index cannot be reached.
        DiskError: the lock cannot be written.
    """
    return resolve_environment(
        experiment.folder,
        experiment.artifact,
        envfile=settings.core["envfile"],
        python=settings.core["python"],
        upgrade=upgrade,
        progress=reporter.progress,
        write=write,
        platform=_platform(session, settings, experiment),
    )


def rendered(session: Session, job: Job) -> Artifacts:
    """Render a job's files; it needs neither code nor number yet.

    Raises:
        DriverError: a template of the driver is wrong.
        UsageError: the experiment's own template is wrong.
    """
    job = session.amend_job(job)
    base = session.base_image(job, job.environment) if session.build else None
    return session.render_artifacts(job, base)


def write_files(
    session: Session,
    folder: Path,
    artifacts: Artifacts,
    *,
    overwrite: bool = False,
    keep: bool = False,
) -> dict[str, list[str]]:
    """Write rendered files; give the paths that a person is told of, by what became of them.

    Raises:
        DiskError: the disk is full, or the folder cannot be written.
        OverwriteError: an edited file contradicts the build driver, and neither ``overwrite``
            nor ``keep`` says what to do; nothing is written.
    """
    if not artifacts.files:
        return {}
    from fahr_core import render
    from fahr_core.container import refuse_contradiction

    if session.build and not (overwrite or keep):
        refuse_contradiction(folder, artifacts, session.build.name)
    found: dict[str, list[str]] = {}
    for file in render.write_files(folder, artifacts.files, overwrite=overwrite, keep=keep):
        if not file.path.startswith(_OWN):
            found.setdefault(file.outcome, []).append(file.path)
    return found


def _as_planned(job: Job, plan: Plan) -> Job:
    return replace(job, params=plan.params, inputs=tuple(plan.inputs), secrets=tuple(plan.secrets))


def _platform(session: Session, settings: Settings, experiment: Experiment) -> str | None:
    """Give uv's name for where the job runs; None for a machine like this one.

    A driver that says it is not asked for its image's target, which may cost a call.
    """
    if session.info.platform or not session.can(Capability.IMAGE):
        return session.info.platform
    target = session.image_target(sample_job(session, settings, experiment))
    return _PLATFORMS.get(target.platform)


def _write(plan: Plan, artifacts: Artifacts, reporter: Reporter) -> None:
    order, folder = plan.order, plan.experiment.folder
    told = write_files(plan.session, folder, artifacts, overwrite=order.overwrite, keep=order.keep)
    for outcome in ("wrote", "refreshed", "kept"):
        if paths := told.get(outcome):
            reporter.say(outcome, ", ".join(paths))


def _fetched(ledger: Ledger, folder: Path) -> dict[str, tuple[int, int]]:
    """Give the marks of earlier jobs' output in the folder, less what was a person's own."""
    found = ledger.fetched_below(str(folder))
    return marks_of({path: file for path, file in found.items() if not file.replaced})


def _tell(environment: Environment, reporter: Reporter) -> None:
    if environment.kind == "none" or not environment.created:
        return
    from fahr_core.environment.lock import describe_age

    count = len(environment.packages)
    packages = f"{count} package{'' if count == 1 else 's'}"
    reporter.say("lock", f"{environment.file}: {packages}, {describe_age(environment.created)}")
