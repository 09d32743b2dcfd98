"""Requests for training jobs, as plain boto3 sends them."""

from __future__ import annotations

import io
import tarfile
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.clouds.aws import Cloud

OUTPUT = "s3://models/out"
GROUP = "/aws/sagemaker/TrainingJobs"


def request(name: str, image: str, role: str, **more: Any) -> dict[str, Any]:
    """Give a request that the service accepts; ``more`` replaces members."""
    return {
        "TrainingJobName": name,
        "RoleArn": role,
        "AlgorithmSpecification": {"TrainingImage": image, "TrainingInputMode": "File"},
        "OutputDataConfig": {"S3OutputPath": OUTPUT},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 5},
        "StoppingCondition": {"MaxRuntimeInSeconds": 600},
        **more,
    }


def output(cloud: Cloud, name: str, file: str = "model.tar.gz") -> dict[str, bytes]:
    """Give the files of an archive that a job left."""
    s3 = cloud.client("s3", own=True)
    body = s3.get_object(Bucket="models", Key=f"out/{name}/output/{file}")["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(body)) as tar:
        found = {member.name: tar.extractfile(member) for member in tar if member.isfile()}
        return {name: stream.read() for name, stream in found.items() if stream}


def lines(cloud: Cloud, name: str) -> dict[str, list[str]]:
    """Give the lines of each log stream of a job."""
    logs, named = cloud.client("logs", own=True), {"logGroupName": GROUP}
    try:
        found = logs.describe_log_streams(**named, logStreamNamePrefix=f"{name}/")["logStreams"]
    except logs.exceptions.ResourceNotFoundException:
        return {}
    printed = {}
    for stream in (each["logStreamName"] for each in found):
        told = logs.get_log_events(**named, logStreamName=stream, startFromHead=True)
        printed[stream.removeprefix(f"{name}/")] = [each["message"] for each in told["events"]]
    return printed


def keys(cloud: Cloud, prefix: str) -> list[str]:
    """Give the keys below a prefix of the bucket ``models``."""
    found = cloud.client("s3", own=True).list_objects_v2(Bucket="models", Prefix=prefix)
    return [each["Key"] for each in found.get("Contents", [])]
