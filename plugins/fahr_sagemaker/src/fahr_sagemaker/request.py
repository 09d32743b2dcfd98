"""The exact call CreateTrainingJob for a job, made without asking anybody."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fahr_core.container import container_artifacts
from fahr_core.durations import duration
from fahr_core.errors import UsageError
from fahr_core.models import Request
from fahr_core.request_parts import (
    check_gpu_image,
    content_of,
    image_by_digest,
    machine_count,
    merged,
    time_limit,
)
from fahr_sagemaker import names
from fahr_sagemaker.account import Account, account_of
from fahr_sagemaker.carrying import with_description
from fahr_sagemaker.inputs import channels_of, input_channels
from fahr_sagemaker.instances import choose_instance, has_gpu
from fahr_sagemaker.secrets import variable_of
from fahr_sagemaker.validation import check_request, check_structure

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fahr_core.models import Artifacts, BaseImage, Image, Job

#: By these a job is known again, whatever a request says besides.
_MARKS = (names.RUN_ID_VARIABLE, names.CONTENT_VARIABLE)

__all__ = ["complete", "plan", "render"]

#: Settings that say who asks, and not what runs.
_WHOSE = ("region", "profile")


def render(job: Job, base: BaseImage | None) -> Artifacts:
    """Render the image's files, with the runtime for ``/opt/ml``; the image fits the machine.

    Raises:
        DriverError: no build driver gave a base.
        UsageError: the image does not fit the machine.
    """
    _fit_machine(job, gpu_image=bool(base and base.gpu))
    return container_artifacts(job, base, Path(__file__).parent)


def plan(job: Job, artifacts: Artifacts, image: Image | None) -> Request:
    """Plan a job's request.

    The request's job names the region, so that another process sends it to the same one.

    Raises:
        AccessError: the account is not known yet, and cannot be asked for.
        SettingsError: everything that SageMaker's model does not allow, in one message.
        UsageError: settings that contradict each other.
    """
    account = account_of(job.settings)
    instance = _fit_machine(job, gpu_image=bool(artifacts.base and artifacts.base.gpu))
    body, uploads = complete(job, account, instance, image_by_digest(image, "SageMaker"))
    return Request(
        driver=job.train_driver,
        name=job.name,
        remote_name=job.remote_name,
        run_id=job.run_id,
        body=body,
        job=replace(job, settings={**job.settings, "region": account.region}),
        uploads=uploads,
    )


def _fit_machine(job: Job, *, gpu_image: bool) -> str:
    """Give the job's machine, which fits its image.

    Raises:
        UsageError: it does not.
    """
    instance = choose_instance(job.settings["instance_type"], job.gpu, gpu_image=gpu_image)
    check_gpu_image(job, instance, has_gpu=has_gpu(instance), gpu_image=gpu_image)
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
    whole = merged(own, job.settings["request"])
    marks = {name: own["Environment"][name] for name in _MARKS}
    whole["Environment"] = {**whole.get("Environment", {}), **marks}
    body, described = with_description(job, whole)
    check_structure(body)
    return body, {**uploads, **described}


def _own_body(
    job: Job, account: Account, instance: str, image: str
) -> tuple[dict[str, Any], dict[str, str]]:
    settings = job.settings
    channels, uploads = input_channels(job)
    own = {
        names.RUN_ID_VARIABLE: job.run_id,
        names.CONTENT_VARIABLE: content_of(job, uploads, leave=_WHOSE),
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
        "InstanceCount": machine_count(job, "instance_count"),
        "VolumeSizeInGB": settings["volume_size"],
    }
    if key := settings["volume_kms_key"]:
        found["VolumeKmsKeyId"] = key
    if seconds := settings["keep_alive"]:
        found["KeepAlivePeriodInSeconds"] = seconds
    return found


def _limits(job: Job) -> dict[str, int]:
    settings, limit = job.settings, time_limit(job, "max_runtime")
    found = {"MaxRuntimeInSeconds": limit}
    if settings["spot"]:
        found["MaxWaitTimeInSeconds"] = wait = settings["max_wait"] or 2 * limit
        if wait < limit:
            raise UsageError(
                f"max_wait ({duration(wait)}) holds for waiting and running: less than the time "
                f"limit ({duration(limit)})",
                f"fahr fit --timeout={wait}",
                f"fahr fit -c max_wait={2 * limit}",
            )
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
