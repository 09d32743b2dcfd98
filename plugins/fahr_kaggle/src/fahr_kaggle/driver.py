"""The train driver ``kaggle``: a job is a version of a private kernel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fahr_core.hookspecs import hookimpl
from fahr_core.models import Artifacts, Capability, NameRule, RenderedFile, TrainInfo

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from fahr_core.hookspecs import Progress
    from fahr_core.models import (
        Absent,
        FetchedFile,
        FetchOptions,
        Finding,
        Found,
        Job,
        JobRef,
        JobState,
        LogLine,
        Refused,
        Request,
        Staged,
        StopResult,
        Submitted,
        Unknown,
    )

_INFO = TrainInfo(
    title="a private Kaggle kernel, on Kaggle's free machines",
    settings="fahr_kaggle.settings:KaggleSettings",
    capabilities=frozenset(
        {
            Capability.STOP,
            Capability.LIVE_LOGS,
            Capability.INPUTS,
            Capability.TIMEOUT,
            Capability.GPU,
            Capability.REMOTE_JOBS,
        }
    ),
    # A version of a kernel needs no random part: Kaggle numbers them.
    names=NameRule(limit=50, minimum=5, unique=False),
    needs=("account",),
    poll=5.0,
    platform="x86_64-unknown-linux-gnu",
    file_settings="fahr_kaggle.metadata:file_settings",
)


@hookimpl
def train_info() -> TrainInfo:
    """Tell what Kaggle can do."""
    return _INFO


@hookimpl
def preflight(job: Job) -> list[Finding]:
    """Check account, kernel, sources and quota."""
    from fahr_kaggle.checks import examine

    return examine(job)


@hookimpl
def render_artifacts(job: Job) -> Artifacts:
    """Render ``kernel-metadata.json``, as the official client reads it, and the experiment's id."""
    from pathlib import Path

    from fahr_kaggle import identity, metadata
    from fahr_kaggle.options import rendered_metadata

    described = RenderedFile(path=metadata.FILE, text=rendered_metadata(job), mark="json")
    mine = f"{identity.experiment_id(Path(job.experiment))}\n"
    return Artifacts(files=(described, RenderedFile(path=identity.FILE, text=mine, mark="none")))


@hookimpl
def plan_submission(job: Job) -> Request:
    """Plan a push."""
    from fahr_kaggle.planning import plan

    return plan(job)


@hookimpl
def stage_request(request: Request, progress: Progress) -> Staged:
    """Upload local inputs, and code that is too large for the file, as private datasets."""
    from fahr_kaggle.staging import stage

    return stage(request, progress)


@hookimpl
def submit_jobs(requests: Sequence[Request]) -> list[Submitted | Refused | Unknown]:
    """Push each request once."""
    from fahr_kaggle.submission import submit

    return [submit(request) for request in requests]


@hookimpl
def find_submission(request: Request) -> Found | Absent | Unknown:
    """Look for the run in the headers of the kernel's versions."""
    from fahr_kaggle.submission import find

    return find(request)


@hookimpl
def find_job(name: str, settings: Mapping[str, Any]) -> Found | Absent:
    """Find a kernel by its name, whoever pushed it."""
    from fahr_kaggle import remote

    return remote.find_job(name, settings)


@hookimpl
def job_states(refs: Sequence[JobRef]) -> list[JobState]:
    """Ask for the state of each version's session."""
    from fahr_kaggle.states import observe

    return observe(refs)


@hookimpl
def stream_logs(ref: JobRef, follow: bool, after: str | None) -> Iterator[LogLine]:
    """Read the log, live while the job runs."""
    from fahr_kaggle.logs import read_log

    return read_log(ref, follow, after)


@hookimpl
def stop_job(ref: JobRef) -> StopResult:
    """Cancel the job's session, where its number can be had."""
    from fahr_kaggle.stopping import stop

    return stop(ref)


@hookimpl
def fetch_output(
    ref: JobRef, destination: Path, options: FetchOptions, progress: Progress
) -> list[FetchedFile]:
    """Fetch what the job left under /kaggle/working, and its log."""
    from fahr_kaggle.output import fetch

    return fetch(ref, destination, options, progress)
