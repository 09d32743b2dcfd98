"""A train driver whose service is a folder: the file of a job's name is the job.

``SERVICE`` names the folder.  With a file ``down`` in it the service answers nobody.
"""

import os
from pathlib import Path

from fahr_core import hookimpl
from fahr_core.errors import ServiceError
from fahr_core.models import (
    Absent,
    Artifacts,
    Capability,
    FetchedFile,
    Found,
    JobRef,
    JobState,
    RenderedFile,
    Request,
    Staged,
    State,
    StopResult,
    Submitted,
    TrainInfo,
    Unknown,
)

SERVICE = Path(os.environ["SERVICE"])


def ref_of(name):
    return JobRef(driver="driver", id=name)


@hookimpl
def train_info():
    return TrainInfo(
        title="a folder that plays the service",
        settings="fahr_core.local.settings:LocalSettings",
        capabilities=frozenset({Capability.STOP, Capability.SECRETS}),
        poll=0.05,
    )


@hookimpl
def preflight(job):
    return []


@hookimpl
def render_artifacts(job, base):
    return Artifacts(files=(RenderedFile(path="run.sh", text="fahr-start\n", executable=True),))


@hookimpl
def plan_submission(job, artifacts, image):
    return Request(
        driver="driver",
        name=job.name,
        remote_name=job.remote_name,
        run_id=job.run_id,
        body={"name": job.remote_name},
        job=job,
    )


@hookimpl
def stage_request(request, secrets, progress):
    (SERVICE / f"staged-{request.run_id}").touch()
    for name in secrets:
        (SERVICE / f"secret-{name}-{request.run_id}").touch()
    return Staged()


@hookimpl
def unstage_request(request):
    if (SERVICE / "down").exists():
        raise ServiceError("the service does not answer")
    for file in SERVICE.glob(f"secret-*-{request.run_id}"):
        file.unlink()


@hookimpl
def submit_jobs(requests):
    for request in requests:
        with (SERVICE / "accepted").open("a") as accepted:  # once for each time that it is sent
            accepted.write(f"{request.name}\n")
    return [Submitted(ref=ref_of(request.name)) for request in requests]


@hookimpl
def find_submission(request):
    if (SERVICE / "down").exists():
        return Unknown(reason="the service does not answer")
    return Found(ref=ref_of(request.name)) if request.name in accepted() else Absent()


@hookimpl
def job_states(refs):
    if (SERVICE / "down").exists():
        raise ServiceError("the service does not answer")
    return [JobState(ref=ref, state=State.COMPLETE) for ref in refs]


@hookimpl
def stop_job(ref):
    return StopResult(outcome="stopped")


@hookimpl
def stream_logs(ref, follow, after):
    return iter(())


@hookimpl
def fetch_output(ref, destination, options, progress):
    (destination / "model").write_text("model")
    return [FetchedFile(path="model", size=5)]


def accepted():
    file = SERVICE / "accepted"
    return file.read_text().splitlines() if file.exists() else []
