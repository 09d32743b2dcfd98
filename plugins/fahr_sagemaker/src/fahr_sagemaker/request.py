"""The exact call CreateTrainingJob for a job, made without asking anybody."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from fahr_core.errors import UsageError
from fahr_core.inputs import is_local
from fahr_core.models import Request, to_json
from fahr_core.store import digest_of
from fahr_sagemaker import names
from fahr_sagemaker.account import Account, account_of
from fahr_sagemaker.carrying import with_description
from fahr_sagemaker.inputs import channels_of, input_channels
from fahr_sagemaker.instances import choose_instance, has_gpu
from fahr_sagemaker.secrets import variable_of
from fahr_sagemaker.validation import check_request, check_structure

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fahr_core.models import Artifacts, Image, Job

__all__ = ["complete", "content_of", "fit_machine", "merged", "plan", "time_limit"]

#: The parts of a job that are its content; others come from who made it, when and where.
_CONTENT = (
    "artifact",
    "build_settings",
    "environment",
    "gpu",
    "launch",
    "nodes",
    "output_exclude",
    "params",
    "secrets",
    "tags",
    "timeout",
    "train_image",
)


def plan(job: Job, artifacts: Artifacts, image: Image | None) -> Request:
    """Plan a job's request.

    The request's job names the region, so that another process sends it to the same one.

    Raises:
        AccessError: the account is not known yet, and cannot be asked for.
        SettingsError: everything that SageMaker's model does not allow, in one message.
        UsageError: settings that contradict each other.
    """
    account = account_of(job.settings)
    instance = fit_machine(job, gpu_image=bool(artifacts.base and artifacts.base.gpu))
    body, uploads = complete(job, account, instance, _reference(image))
    return Request(
        driver=job.train_driver,
        name=job.name,
        remote_name=job.remote_name,
        run_id=job.run_id,
        body=body,
        job=replace(job, settings={**job.settings, "region": account.region}),
        uploads=uploads,
    )


def fit_machine(job: Job, *, gpu_image: bool) -> str:
    """Give the job's machine, which fits its image.

    Raises:
        UsageError: it does not.
    """
    instance = choose_instance(job.settings["instance_type"], job.gpu, gpu_image=gpu_image)
    if has_gpu(instance) and not gpu_image and job.train_image is None:
        raise UsageError(
            f"{instance} has a GPU, and --build-driver={job.build_driver} makes no image for one",
            "fahr fit --build-driver=local-gpu",
        )
    return instance


def complete(
    job: Job, account: Account, instance: str, image: str
) -> tuple[dict[str, Any], dict[str, str]]:
    """Give the whole request, checked, and what has to lie in S3 first by its digest.

    What the setting ``request`` says is not held against the model's lists and limits: AWS may
    know more than the boto3 that is installed.

    Raises:
        DiskError: a local input cannot be read.
        SettingsError: what SageMaker's model does not allow.
        UsageError: settings that contradict each other.
    """
    own, uploads = _own_body(job, account, instance, image)
    check_request(with_description(job, own)[0])
    body, described = with_description(job, merged(own, job.settings["request"]))
    check_structure(body)
    return body, {**uploads, **described}


def _own_body(
    job: Job, account: Account, instance: str, image: str
) -> tuple[dict[str, Any], dict[str, str]]:
    settings = job.settings
    channels, uploads = input_channels(job)
    own = {
        names.RUN_ID_VARIABLE: job.run_id,
        names.CONTENT_VARIABLE: content_of(job, uploads),
        **variable_of(job),
    }
    body: dict[str, Any] = {
        "TrainingJobName": job.remote_name,
        "AlgorithmSpecification": _algorithm(settings, image),
        "RoleArn": account.role,
        "OutputDataConfig": {"S3OutputPath": _output(settings)},
        "ResourceConfig": _resources(job, instance),
        "StoppingCondition": _limits(job),
        "Environment": {**settings["environment"], **own},
        "CheckpointConfig": {"S3Uri": _checkpoints(job)},
        "Tags": _tags(job),
    }
    if inputs := [*channels, *channels_of(settings)]:
        body["InputDataConfig"] = inputs
    _add_options(body, settings)
    return body, uploads


def content_of(job: Job, uploads: Mapping[str, str]) -> str:
    """Name what would run by a digest, whatever the job is called and wherever it was made."""
    told = to_json(job)
    content = {key: told[key] for key in _CONTENT}
    content["code"] = job.code.digest
    content["environment"]["created"] = None
    settings = {key: job.settings[key] for key in job.settings if key not in ("region", "profile")}
    content["settings"] = settings
    content["inputs"] = [
        [item.name, None if is_local(item.location) else item.location] for item in job.inputs
    ]
    content["uploads"] = sorted(uploads.items())
    return digest_of(json.dumps(content, sort_keys=True).encode())


def merged(body: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """Give a request with further parts: tables are joined, all else is replaced.

    A part that is None is left out.
    """
    whole = dict(body)
    for key, value in more.items():
        there = whole.get(key)
        joined = isinstance(there, dict) and isinstance(value, dict)
        whole[key] = merged(there, value) if joined and there is not None else value
    return {key: value for key, value in whole.items() if value is not None}


def time_limit(job: Job) -> int:
    """Give how long the job may run, in seconds: ``--timeout``, or the setting."""
    return max(1, math.ceil(job.timeout or job.settings["max_runtime"]))


def _reference(image: Image | None) -> str:
    """Give the image by its digest; in a dry run it has none yet."""
    if image is None:
        raise UsageError("SageMaker runs images, and no build driver made one")
    reference = image.reference
    if image.digest is None or "@" in reference:
        return reference
    return f"{reference.rpartition(':')[0] or reference}@{image.digest}"


def _algorithm(settings: Mapping[str, Any], image: str) -> dict[str, Any]:
    found: dict[str, Any] = {"TrainingImage": image, "TrainingInputMode": "File"}
    if metrics := settings["metric_definitions"]:
        found["MetricDefinitions"] = [
            {"Name": name, "Regex": expression} for name, expression in metrics.items()
        ]
    return found


def _output(settings: Mapping[str, Any]) -> str:
    return str(settings["output_path"]).rstrip("/")


def _checkpoints(job: Job) -> str:
    own = f"{_output(job.settings)}/{job.remote_name}/checkpoints"
    return str(job.settings["checkpoint_path"] or own).rstrip("/") + "/"


def _resources(job: Job, instance: str) -> dict[str, Any]:
    settings = job.settings
    found = {
        "InstanceType": instance,
        "InstanceCount": _count(job),
        "VolumeSizeInGB": settings["volume_size"],
    }
    if key := settings["volume_kms_key"]:
        found["VolumeKmsKeyId"] = key
    if seconds := settings["keep_alive"]:
        found["KeepAlivePeriodInSeconds"] = seconds
    return found


def _count(job: Job) -> int:
    given = int(job.settings["instance_count"])
    if job.nodes > 1 < given != job.nodes:
        raise UsageError(
            f"--nodes={job.nodes}, but instance_count is {given}",
            f"fahr fit --nodes={job.nodes} -c instance_count={job.nodes}",
        )
    return max(job.nodes, given)


def _limits(job: Job) -> dict[str, int]:
    settings, limit = job.settings, time_limit(job)
    found = {"MaxRuntimeInSeconds": limit}
    if settings["spot"]:
        found["MaxWaitTimeInSeconds"] = max(limit, settings["max_wait"] or 2 * limit)
    if settings["max_pending"]:
        found["MaxPendingTimeInSeconds"] = settings["max_pending"]
    return found


def _tags(job: Job) -> list[dict[str, str]]:
    own = {names.RUN_ID_TAG: job.run_id, "fahr:job": job.name}
    tags = {**job.tags, **job.settings["tags"], **own}
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _add_options(body: dict[str, Any], settings: Mapping[str, Any]) -> None:
    """Add what is left out of a request unless it is asked for."""
    if settings["kms_key"]:
        body["OutputDataConfig"]["KmsKeyId"] = settings["kms_key"]
    if settings["spot"]:
        body["EnableManagedSpotTraining"] = True
    if settings["subnets"]:
        groups = settings["security_group_ids"]
        body["VpcConfig"] = {"SecurityGroupIds": groups, "Subnets": settings["subnets"]}
    if settings["encrypt_between_nodes"]:
        body["EnableInterContainerTrafficEncryption"] = True
    if settings["network_isolation"]:
        body["EnableNetworkIsolation"] = True
    if settings["retry_attempts"]:
        body["RetryStrategy"] = {"MaximumRetryAttempts": settings["retry_attempts"]}
