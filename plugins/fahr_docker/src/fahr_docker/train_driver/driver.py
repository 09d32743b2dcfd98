"""The train driver ``docker``: a job is a container on an engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fahr_core.errors import DriverError
from fahr_core.hookspecs import hookimpl
from fahr_core.models import Absent, Capability, Found, ImageTarget, NameRule, Staged, TrainInfo

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from fahr_core.hookspecs import Progress
    from fahr_core.models import (
        Artifacts,
        BaseImage,
        FetchedFile,
        FetchOptions,
        Finding,
        Image,
        Job,
        JobRef,
        JobState,
        Login,
        LogLine,
        Refused,
        Request,
        StopResult,
        Submitted,
        Unknown,
    )

_INFO = TrainInfo(
    title="a container on the Docker engine",
    settings="fahr_docker.train_driver.settings:DockerSettings",
    capabilities=frozenset(
        {
            Capability.STOP,
            Capability.LIVE_LOGS,
            Capability.INPUTS,
            Capability.IMAGE,
            Capability.SECRETS,
            Capability.TIMEOUT,
            Capability.GPU,
            Capability.SUPERVISED_NOTEBOOKS,
            Capability.REMOTE_JOBS,
        }
    ),
    # What a container may be called; two characters are the least. It is a label, too.
    names=NameRule(limit=120, minimum=2),
    needs=("Docker",),
    poll=0.2,
)


@hookimpl
def train_info() -> TrainInfo:
    """Tell what running in a container can do."""
    return _INFO


@hookimpl
def preflight(job: Job) -> list[Finding]:
    """Look for an engine, and for what it lacks."""
    from fahr_docker.train_driver.checks import check

    return check(job)


@hookimpl
def render_artifacts(job: Job, base: BaseImage | None) -> Artifacts:
    """Render what the image is made from."""
    from pathlib import Path

    from fahr_core.container import container_artifacts

    return container_artifacts(job, base, Path(__file__).parent)


@hookimpl
def image_target(job: Job) -> ImageTarget:
    """Leave the image in the engine's own store."""
    return ImageTarget(platform=job.settings.get("platform") or "linux/amd64")


@hookimpl
def registry_login(target: ImageTarget) -> Login:
    """Refuse: the engine's own store has no login."""
    raise DriverError(f"the docker driver pushes nothing, so not to {target.repository} either")


@hookimpl
def plan_submission(job: Job, image: Image | None) -> Request:
    """Plan a container."""
    from fahr_docker.train_driver.planning import plan

    return plan(job, image)


@hookimpl
def stage_request(request: Request, secrets: Mapping[str, str], progress: Progress) -> Staged:
    """Keep the secrets until the container is made; bring earlier jobs home."""
    from fahr_docker.train_driver import homecoming, keeping

    homecoming.tidy(request, progress)
    if secrets:
        keeping.keep_secrets(request.run_id, secrets)
    return Staged(secrets=tuple(secrets))


@hookimpl
def submit_jobs(requests: Sequence[Request]) -> list[Submitted | Refused | Unknown]:
    """Start a container for each job."""
    from fahr_docker.train_driver.sending import submit

    return [submit(request) for request in requests]


@hookimpl
def find_submission(request: Request) -> Found | Absent | Unknown:
    """Say whether a job's container was started; if not, it cannot start any more."""
    from fahr_docker.train_driver.sending import find

    return find(request)


@hookimpl
def find_job(name: str) -> Found | Absent:
    """Find a job by its container's name."""
    from fahr_docker.train_driver.sending import find_named

    return find_named(name)


@hookimpl
def job_states(refs: Sequence[JobRef]) -> list[JobState]:
    """Ask the engines that have the jobs."""
    from fahr_docker.train_driver.jobs import states

    return states(refs)


@hookimpl
def stream_logs(ref: JobRef, follow: bool, after: str | None) -> Iterator[LogLine]:
    """Read what the engine keeps of what the launcher prints."""
    from fahr_docker.train_driver.logs import read_log

    return read_log(ref, follow=follow, after=after)


@hookimpl
def stop_job(ref: JobRef) -> StopResult:
    """Stop a job's container."""
    from fahr_docker.train_driver.jobs import stop

    return stop(ref)


@hookimpl
def fetch_output(
    ref: JobRef, destination: Path, options: FetchOptions, progress: Progress
) -> list[FetchedFile]:
    """Copy the output out of the container, which goes."""
    from fahr_docker.train_driver.homecoming import fetch

    return fetch(ref, destination, options, progress)
