"""Custom jobs put into the test cloud as they are to be found: no engine runs them."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from tests.clouds.gcp import surroundings
from tests.clouds.gcp.cloud import NUMBER, PROJECT, REGION
from tests.clouds.gcp.custom_job import FINAL, CustomJob

from fahr_core.models import JobRef

if TYPE_CHECKING:
    from tests.clouds.gcp.cloud import Cloud

BUCKET = "models"
#: Seconds since the epoch of what is printed: a few minutes ago, after the jobs were made.
EPOCH = float(int(time.time()) - 300)
ID = "1234567890123456789"


def placed(cloud: Cloud, *states: str, number: str = ID, **more: Any) -> CustomJob:
    """Put a job into the project that went through these states; ``more`` is said of it.

    ``replicas`` and ``base`` (its folder in the bucket) are told by words of their own.
    """
    replicas, base = more.pop("replicas", 1), more.pop("base", f"gs://{BUCKET}/runs/{number}")
    pool = {
        "machineSpec": {"machineType": "n1-standard-4"},
        "replicaCount": replicas,
        "containerSpec": {"imageUri": "x"},
    }
    spec: dict[str, Any] = {"workerPoolSpecs": [pool]}
    if base:
        spec["baseOutputDirectory"] = {"outputUriPrefix": base}
    asked = {"displayName": f"digits-{number}", **more, "jobSpec": spec | more.get("jobSpec", {})}
    resource = f"projects/{NUMBER}/locations/{REGION}/customJobs/{number}"
    job = CustomJob(asked, number, resource, "agent", created=EPOCH - 60)
    for state in states or ("PENDING", "RUNNING"):
        job.enter(state)
    cloud.jobs._jobs[number] = job
    return job


def failed(cloud: Cloud, message: str, code: int = 3, **more: Any) -> CustomJob:
    """Put a job into the project that failed with the service's message."""
    job = placed(cloud, "PENDING", "RUNNING", **more)
    job.enter("FAILED", code=code, reason=message)
    return job


def ref_of(number: str = ID, **data: Any) -> JobRef:
    """Give the reference of a job."""
    return JobRef(driver="gcp", id=number, data={"project": PROJECT, "region": REGION, **data})


def printed(
    cloud: Cloud,
    *lines: tuple[float, str],
    task: str = "workerpool0-0",
    err: bool = False,
    number: str = ID,
) -> None:
    """Put lines, each with its time in seconds after EPOCH, into the log of a replica."""
    for when, text in lines:
        severity = "ERROR" if err else "INFO"
        entry = {
            "logName": f"projects/{PROJECT}/logs/{task}",
            "resource": surroundings.resource(PROJECT, cloud.jobs[number], task),
            "severity": severity,
            "jsonPayload": {"levelname": severity, "attrs": {"tag": task}, "message": f"{text}\n"},
        }
        cloud.logs.write(entry, EPOCH + when)


def left(cloud: Cloud, name: str, content: bytes, *, base: str = f"runs/{ID}") -> None:
    """Put an object below a job's folder in the bucket."""
    if BUCKET not in cloud.buckets:
        cloud.bucket(BUCKET)
    cloud.buckets[BUCKET].write(f"{base}/{name}", content)


def final(job: CustomJob) -> bool:
    """Tell whether a job has ended."""
    return job.state in FINAL


def service_says(cloud: Cloud, text: str, number: str = ID) -> None:
    """Put a line of the service's own into a job's log."""
    surroundings.say(cloud, cloud.jobs[number], text)


def cursor_parts(cursor: str | None) -> list[Any]:
    """Give what a cursor holds."""
    return list(json.loads(cursor or "[]"))
