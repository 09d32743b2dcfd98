"""Training jobs put into the test cloud as they are to be found: no engine runs them."""

from __future__ import annotations

import contextlib
import io
import tarfile
import time
from typing import TYPE_CHECKING, Any

from tests.clouds.aws.cloud import ACCOUNT, REGION
from tests.clouds.aws.training_job import FINAL, TrainingJob

from fahr_core.models import JobRef

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tests.clouds.aws.cloud import Cloud

NAME = "digits-train-1-ab"
GROUP = "/aws/sagemaker/TrainingJobs"
BUCKET = "artifacts"
PATH = f"s3://{BUCKET}/models"
#: An hour ago, in milliseconds: CloudWatch takes no lines of long ago.
EPOCH = int(time.time() - 3600) * 1000


def placed(cloud: Cloud, name: str = NAME, *steps: str, **request: Any) -> TrainingJob:
    """Put a job into the account that went through these secondary statuses."""
    whole = {
        "TrainingJobName": name,
        "OutputDataConfig": {"S3OutputPath": PATH},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
        "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
        **request,
    }
    arn = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:training-job/{name.lower()}"
    job = TrainingJob(whole, arn)
    for step in steps or ("Starting", "Downloading", "Training"):
        job.enter(step, status=step if step in FINAL else "")
    cloud.jobs._jobs[name] = job
    return job


def ref_of(name: str = NAME, **data: Any) -> JobRef:
    """Give the reference of a job."""
    known = {"region": REGION, "account": ACCOUNT, **data}
    return JobRef(driver="sagemaker", id=name, data=known)


def printed(cloud: Cloud, stream: str, *lines: tuple[int, str]) -> None:
    """Put lines, each with its time in milliseconds after EPOCH, into a stream of CloudWatch's."""
    with contextlib.closing(cloud.client("logs", own=True)) as logs:
        there = logs.exceptions.ResourceAlreadyExistsException
        with contextlib.suppress(there):
            logs.create_log_group(logGroupName=GROUP)
        with contextlib.suppress(there):
            logs.create_log_stream(logGroupName=GROUP, logStreamName=stream)
        events = [{"timestamp": EPOCH + when, "message": text} for when, text in lines]
        for start in range(0, len(events), 5000):
            some = events[start : start + 5000]
            logs.put_log_events(logGroupName=GROUP, logStreamName=stream, logEvents=some)


def archive(files: Mapping[str, bytes], links: Iterable[tuple[str, str]] = ()) -> bytes:
    """Give a gzipped tar of these files and links."""
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w:gz") as tar:
        for path, content in files.items():
            member = tarfile.TarInfo(path)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
        for path, target in links:
            member = tarfile.TarInfo(path)
            member.type, member.linkname = tarfile.SYMTYPE, target
            tar.addfile(member)
    return whole.getvalue()


def left(cloud: Cloud, name: str, content: bytes, job: str = NAME) -> None:
    """Put an object where a job leaves its output."""
    with contextlib.closing(cloud.client("s3", own=True)) as s3:
        s3.put_object(Bucket=BUCKET, Key=f"models/{job}/output/{name}", Body=content)
