"""The train driver ``local``: a job is a detached process on this machine."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from fahr_core.hookspecs import hookimpl
from fahr_core.local import jobs
from fahr_core.models import (
    Absent,
    Artifacts,
    Capability,
    Found,
    JobRef,
    Lane,
    NameRule,
    Refused,
    Request,
    Submitted,
    TrainInfo,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from fahr_core.hookspecs import Progress
    from fahr_core.models import (
        FetchedFile,
        FetchOptions,
        Job,
        JobState,
        LogLine,
        Staged,
        StopResult,
    )

_INFO = TrainInfo(
    title="this machine, as a detached process",
    settings="fahr_core.local.settings:LocalSettings",
    capabilities=frozenset(
        {
            Capability.STOP,
            Capability.LIVE_LOGS,
            Capability.INPUTS,
            Capability.SECRETS,
            Capability.TIMEOUT,
            Capability.GPU,
            Capability.SUPERVISED_NOTEBOOKS,
        }
    ),
    names=NameRule(limit=120),
    poll=0.1,
)


@hookimpl
def train_info() -> TrainInfo:
    """Tell what running on this machine can do."""
    return _INFO


@hookimpl
def render_artifacts() -> Artifacts:
    """Render nothing: a local job needs no file but the user's own."""
    return Artifacts()


@hookimpl
def plan_submission(job: Job) -> Request:
    """Plan a process; as many run at once as the settings say, by default one a core."""
    cores = os.cpu_count() or 1
    return Request(
        driver="local",
        name=job.name,
        remote_name=job.remote_name,
        run_id=job.run_id,
        job=job,
        body={
            "name": job.name,
            "artifact": job.artifact,
            "kind": job.kind,
            "code": job.code.digest,
            "lock": job.environment.lock,
            "params": dict(job.params),
            "inputs": {item.name: item.location for item in job.inputs},
            "secrets": list(job.secrets),
            "timeout": job.timeout,
            "gpu": job.gpu,
            "environment": dict(job.settings.get("environment") or {}),
            "grace": job.settings.get("grace", 30.0),
        },
        lane=Lane(name="local", limit=job.settings.get("jobs_at_once") or cores),
    )


@hookimpl
def stage_request(request: Request, secrets: Mapping[str, str], progress: Progress) -> Staged:
    """Make the environment and the job's folder."""
    from fahr_core.local.staging import stage

    return stage(request, secrets, progress)


@hookimpl
def unstage_request(request: Request) -> None:
    """Delete the secrets of a job that is never sent."""
    jobs.job_folder(request.run_id).forget_secrets()


@hookimpl
def submit_jobs(requests: Sequence[Request]) -> list[Submitted | Refused]:
    """Start a shepherd for each job."""
    return [_submit(request) for request in requests]


def _submit(request: Request) -> Submitted | Refused:
    folder = jobs.job_folder(request.run_id)
    try:
        problem = jobs.start(folder)
    except OSError as error:
        problem = str(error)
    return Refused(reason=problem) if problem else Submitted(ref=_ref(request))


def _ref(request: Request) -> JobRef:
    return JobRef(driver="local", id=request.run_id)


@hookimpl
def find_submission(request: Request) -> Found | Absent:
    """Say whether a job was started; if not, it cannot start any more."""
    folder = jobs.job_folder(request.run_id)
    if folder.withdraw():
        return Absent(reason="no process has started")
    return Found(ref=_ref(request))


@hookimpl
def job_states(refs: Sequence[JobRef]) -> list[JobState]:
    """Look into each job's folder."""
    return [jobs.observe(ref) for ref in refs]


@hookimpl
def stop_job(ref: JobRef) -> StopResult:
    """Stop a job's processes."""
    return jobs.stop(ref)


@hookimpl
def stream_logs(ref: JobRef, follow: bool, after: str | None) -> Iterator[LogLine]:
    """Read the log that the launcher writes."""
    from fahr_core.local.logs import read_log

    return read_log(ref, follow=follow, after=after)


@hookimpl
def fetch_output(
    ref: JobRef, destination: Path, options: FetchOptions, progress: Progress
) -> list[FetchedFile]:
    """Copy the output folder."""
    from fahr_core.local.staging import copy_output

    return copy_output(jobs.job_folder(ref.id), destination, options, progress)
