"""The train driver ``gcp``: a job is a custom job of Vertex AI in a Google Cloud project."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fahr_core.hookspecs import hookimpl
from fahr_core.models import Capability, NameRule, TrainInfo
from fahr_gcp.machines import GPU_MACHINES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path
    from typing import Any

    from fahr_core.hookspecs import Progress
    from fahr_core.models import (
        Absent,
        Artifacts,
        BaseImage,
        FetchedFile,
        FetchOptions,
        Finding,
        Found,
        Image,
        ImageTarget,
        Job,
        JobRef,
        JobState,
        Login,
        LogLine,
        Refused,
        RemoteJob,
        Request,
        Staged,
        StopResult,
        Submitted,
        Unknown,
    )

_INFO = TrainInfo(
    title="a custom job on Google Cloud's Vertex AI",
    settings="fahr_gcp.settings:GcpSettings",
    capabilities=frozenset(
        {
            Capability.STOP,
            Capability.LIVE_LOGS,
            Capability.RESUME,
            Capability.INPUTS,
            Capability.NODES,
            Capability.IMAGE,
            Capability.SECRETS,
            Capability.TIMEOUT,
            Capability.GPU,
            Capability.SUPERVISED_NOTEBOOKS,
            Capability.REMOTE_JOBS,
            Capability.REMOTE_LIST,
        }
    ),
    # A display name may have 128 characters; a label's value, which holds the name too, 63.
    # Source: CustomJob.displayName and CustomJob.labels, Vertex AI API reference.
    names=NameRule(limit=63, alphabet="a-z0-9-"),
    needs=("account", "Docker"),
    paid=True,
    poll=5.0,
    platform="x86_64-unknown-linux-gnu",
    gpu_settings=(("accelerator_type", r".+"), ("machine_type", GPU_MACHINES)),
)


@hookimpl
def train_info() -> TrainInfo:
    """Tell what Vertex AI can do."""
    return _INFO


# -- the way to the service -------------------------------------------------------------


@hookimpl
def preflight(job: Job) -> list[Finding]:
    """Ask Google, several questions at once, for all that the job will need."""
    from fahr_gcp.preflight import examine

    return examine(job)


@hookimpl
def render_artifacts(job: Job, base: BaseImage | None) -> Artifacts:
    """Render the image's files, with the runtime for Vertex AI; the image fits the machine."""
    from pathlib import Path

    from fahr_core.container import container_artifacts
    from fahr_gcp.request import fit_machine

    fit_machine(job, gpu_image=bool(base and base.gpu))
    return container_artifacts(job, base, Path(__file__).parent)


@hookimpl
def image_target(job: Job) -> ImageTarget:
    """Give the repository in Artifact Registry."""
    from fahr_gcp.artifact_registry import target_of

    return target_of(job)


@hookimpl
def registry_login(target: ImageTarget) -> Login:
    """Make the repository when it is missing, and give a login by an access token."""
    from fahr_gcp.artifact_registry import login_to

    return login_to(target)


@hookimpl
def plan_submission(job: Job, artifacts: Artifacts, image: Image | None) -> Request:
    """Plan the call customJobs.create."""
    from fahr_gcp.request import plan

    return plan(job, artifacts, image)


@hookimpl
def stage_request(request: Request, secrets: Mapping[str, str], progress: Progress) -> Staged:
    """Bring inputs to the bucket by their content, and store the secrets."""
    from fahr_gcp.staging import stage

    return stage(request, secrets, progress)


@hookimpl
def submit_jobs(requests: Sequence[Request]) -> list[Submitted | Refused | Unknown]:
    """Make a custom job of each request; its labels tell whether it is there already."""
    from fahr_gcp.submission import submit

    return [submit(request) for request in requests]


@hookimpl
def find_submission(request: Request) -> Found | Absent | Unknown:
    """List the jobs with the run id in their labels."""
    from fahr_gcp.submission import find

    return find(request)


# -- the job's life ---------------------------------------------------------------------


@hookimpl
def find_job(name: str, settings: Mapping[str, Any]) -> Found | Absent:
    """Find any custom job of the project by its number, its resource name or its display name."""
    from fahr_gcp import found

    return found.find_job(name, settings)


@hookimpl
def list_jobs(settings: Mapping[str, Any]) -> Iterator[RemoteJob]:
    """List the project's custom jobs in a region."""
    from fahr_gcp import found

    return found.list_jobs(settings)


@hookimpl
def job_states(refs: Sequence[JobRef]) -> Sequence[JobState]:
    """Ask for each job."""
    from fahr_gcp import states

    return states.job_states(refs)


@hookimpl
def stream_logs(
    ref: JobRef, follow: bool, after: str | None, last: int | None
) -> Iterator[LogLine]:
    """Read the entries of all the job's replicas in Cloud Logging."""
    from fahr_gcp import logs

    return logs.stream_logs(ref, follow, after, last)


@hookimpl
def stop_job(ref: JobRef) -> StopResult:
    """Ask Vertex AI to cancel the job."""
    from fahr_gcp import stopping

    return stopping.stop_job(ref)


@hookimpl
def fetch_output(
    ref: JobRef, destination: Path, options: FetchOptions, progress: Progress
) -> Sequence[FetchedFile]:
    """Read the job's output from its bucket."""
    from fahr_gcp import output

    return output.fetch_output(ref, destination, options, progress)
