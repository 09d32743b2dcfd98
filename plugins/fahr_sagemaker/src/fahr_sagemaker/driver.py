"""The train driver ``sagemaker``: a job is a training job in an AWS account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fahr_core.hookspecs import hookimpl
from fahr_core.models import Capability, NameRule, TrainInfo

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
    title="a training job on Amazon SageMaker",
    settings="fahr_sagemaker.settings:SageMakerSettings",
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
    # Source: CreateTrainingJob, TrainingJobName: [a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}.
    names=NameRule(limit=63, alphabet="a-zA-Z0-9-"),
    needs=("account", "Docker"),
    paid=True,
    poll=5.0,
    platform="x86_64-unknown-linux-gnu",
    gpu_settings=(
        ("instance_type", r"ml\.[gp]\d.*"),
        ("train_instance_type", r"ml\.[gp]\d.*"),
    ),
)


@hookimpl
def train_info() -> TrainInfo:
    """Tell what SageMaker can do."""
    return _INFO


# -- the way to the service -------------------------------------------------------------


@hookimpl
def preflight(job: Job) -> list[Finding]:
    """Ask AWS, several questions at once, for all that the job will need."""
    from fahr_sagemaker.preflight import examine

    return examine(job)


@hookimpl
def render_artifacts(job: Job, base: BaseImage | None) -> Artifacts:
    """Render the image's files, with the runtime for ``/opt/ml``; the image fits the machine."""
    from pathlib import Path

    from fahr_core.container import container_artifacts
    from fahr_sagemaker.request import fit_machine

    fit_machine(job, gpu_image=bool(base and base.gpu))
    return container_artifacts(job, base, Path(__file__).parent)


@hookimpl
def image_target(job: Job) -> ImageTarget:
    """Give the repository in ECR, as ECR names it."""
    from fahr_sagemaker.ecr import target_of

    return target_of(job)


@hookimpl
def registry_login(target: ImageTarget) -> Login:
    """Make the repository when it is missing, and give a login of twelve hours."""
    from fahr_sagemaker.ecr import login_to

    return login_to(target)


@hookimpl
def plan_submission(job: Job, artifacts: Artifacts, image: Image | None) -> Request:
    """Plan the call CreateTrainingJob."""
    from fahr_sagemaker.request import plan

    return plan(job, artifacts, image)


@hookimpl
def stage_request(request: Request, secrets: Mapping[str, str], progress: Progress) -> Staged:
    """Bring inputs to S3 by their content, and store the secrets."""
    from fahr_sagemaker.staging import stage

    return stage(request, secrets, progress)


@hookimpl
def submit_jobs(requests: Sequence[Request]) -> list[Submitted | Refused | Unknown]:
    """Make a training job of each request; a name is taken once and for ever."""
    from fahr_sagemaker.submission import submit

    return [submit(request) for request in requests]


@hookimpl
def find_submission(request: Request) -> Found | Absent | Unknown:
    """Ask for the job by its name, and see by the run id that it is this one."""
    from fahr_sagemaker.submission import find

    return find(request)


# -- the job's life ---------------------------------------------------------------------


@hookimpl
def find_job(name: str, settings: Mapping[str, Any]) -> Found | Absent:
    """Find any training job of the account by its name."""
    from fahr_sagemaker import found

    return found.find_job(name, settings)


@hookimpl
def list_jobs(settings: Mapping[str, Any]) -> Iterator[RemoteJob]:
    """List the account's training jobs."""
    from fahr_sagemaker import found

    return found.list_jobs(settings)


@hookimpl
def job_states(refs: Sequence[JobRef]) -> Sequence[JobState]:
    """Describe each job."""
    from fahr_sagemaker import states

    return states.job_states(refs)


@hookimpl
def stream_logs(
    ref: JobRef, follow: bool, after: str | None, last: int | None
) -> Iterator[LogLine]:
    """Read CloudWatch's streams of all hosts."""
    from fahr_sagemaker import logs

    return logs.stream_logs(ref, follow, after, last)


@hookimpl
def stop_job(ref: JobRef) -> StopResult:
    """Ask SageMaker to stop the job."""
    from fahr_sagemaker import stopping

    return stopping.stop_job(ref)


@hookimpl
def fetch_output(
    ref: JobRef, destination: Path, options: FetchOptions, progress: Progress
) -> Sequence[FetchedFile]:
    """Stream the job's archives from S3 and unpack them meanwhile."""
    from fahr_sagemaker import output

    return output.fetch_output(ref, destination, options, progress)
