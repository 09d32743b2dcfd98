"""A request checked against botocore's own model of the service, before anybody is called.

botocore itself checks types, required members and minima; the model holds maxima, patterns
and lists of values besides. Each fault names the setting that it comes from.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from fahr_core.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["check_request", "check_structure", "faults_of"]

#: Which setting a part of the request is made of.
_SETTINGS = {
    "AlgorithmSpecification.MetricDefinitions": "metric_definitions",
    "AlgorithmSpecification.TrainingImage": "the image",
    "CheckpointConfig.S3Uri": "checkpoint_path",
    "EnableManagedSpotTraining": "spot",
    "Environment": "environment",
    "InputDataConfig": "inputs and channels",
    "OutputDataConfig.KmsKeyId": "kms_key",
    "OutputDataConfig.S3OutputPath": "output_path",
    "ResourceConfig.InstanceCount": "instance_count",
    "ResourceConfig.InstanceType": "instance_type",
    "ResourceConfig.KeepAlivePeriodInSeconds": "keep_alive",
    "ResourceConfig.VolumeKmsKeyId": "volume_kms_key",
    "ResourceConfig.VolumeSizeInGB": "volume_size",
    "RetryStrategy.MaximumRetryAttempts": "retry_attempts",
    "RoleArn": "role_arn",
    "StoppingCondition.MaxPendingTimeInSeconds": "max_pending",
    "StoppingCondition.MaxRuntimeInSeconds": "max_runtime",
    "StoppingCondition.MaxWaitTimeInSeconds": "max_wait",
    "Tags": "tags",
    "TrainingJobName": "the job's name",
    "VpcConfig.SecurityGroupIds": "security_group_ids",
    "VpcConfig.Subnets": "subnets",
}
_LONGEST = 60


def check_request(body: Mapping[str, Any]) -> None:
    """Check a whole request.

    Raises:
        SettingsError: every fault of it, in one message.
    """
    _raise(faults_of(body))


def check_structure(body: Mapping[str, Any]) -> None:
    """Check what botocore itself has to understand: names and types of members.

    Raises:
        SettingsError: the setting ``request`` has members that CreateTrainingJob has not.
    """
    from botocore.validate import ParamValidator  # type: ignore[import-untyped]

    report = ParamValidator().validate(dict(body), _shape())
    if report.has_errors():
        _raise([f"request: {line}" for line in report.generate_report().splitlines()])


def faults_of(body: Mapping[str, Any]) -> list[str]:
    """Give every fault of a request, in words; none when the model allows it."""
    return list(dict.fromkeys(_faults(body, _shape(), "")))


def _raise(faults: list[str]) -> None:
    if faults:
        first, *others = faults
        raise SettingsError(first, *others, "nothing was sent")


@cache
def _shape() -> Any:
    """Give the model of CreateTrainingJob's input; reading it asks nobody."""
    from fahr_sagemaker.client import service_model

    return service_model("sagemaker").operation_model("CreateTrainingJob").input_shape


def _faults(value: Any, shape: Any, path: str) -> Iterator[str]:
    kind = shape.type_name
    if kind == "structure":
        yield from _in_structure(value, shape, path)
    elif kind == "list":
        yield from _length(value, shape, path, "entries")
        for item in value:
            yield from _faults(item, shape.member, path)
    elif kind == "map":
        yield from _length(value, shape, path, "entries")
        for key, item in value.items():
            yield from _faults(key, shape.key, path)
            yield from _faults(item, shape.value, f"{path}.{key}")
    elif kind == "string":
        yield from _in_text(value, shape, path)
    elif kind in ("integer", "long"):
        yield from _in_number(value, shape, path)


def _in_structure(value: Any, shape: Any, path: str) -> Iterator[str]:
    for name in shape.required_members:
        if name not in value:
            yield f"{_named(_joined(path, name))} is missing"
    for name, item in value.items():
        member = shape.members.get(name)
        if member is None:
            yield f"{_joined(path, name)} is no part of CreateTrainingJob"
        else:
            yield from _faults(item, member, _joined(path, name))


def _length(value: Any, shape: Any, path: str, unit: str) -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if most is not None and len(value) > most:
        yield f"{_named(path)}: {len(value)} {unit}, at most {most} are allowed"
    elif least is not None and len(value) < least:
        yield f"{_named(path)}: {len(value)} {unit}, at least {least} are needed"


def _in_text(value: Any, shape: Any, path: str) -> Iterator[str]:
    if not isinstance(value, str):
        yield f"{_named(path)}: {value!r} is no text"
        return
    too_long = list(_length(value, shape, path, "characters"))
    yield from too_long
    if shape.enum and value not in shape.enum:
        yield f"{_named(path)}: {_meant(value, shape.enum)}"
    pattern = shape.metadata.get("pattern")
    if pattern and not too_long and not _matches(pattern, value):
        yield f"{_named(path)}: {_cut(value)} is not of the form {pattern}"


def _in_number(value: Any, shape: Any, path: str) -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if isinstance(value, bool) or not isinstance(value, int):
        yield f"{_named(path)}: {value!r} is no whole number"
    elif most is not None and value > most:
        yield f"{_named(path)}: {value}, at most {most}"
    elif least is not None and value < least:
        yield f"{_named(path)}: {value}, at least {least}"


def _matches(pattern: str, value: str) -> bool:
    """Tell whether a value is of a pattern; Java's classes of letters are not checked."""
    if "\\p" in pattern:
        return True
    return re.fullmatch(pattern, value) is not None


def _meant(value: str, allowed: list[str]) -> str:
    from fahr_core.names import did_you_mean

    guess = did_you_mean(value, allowed)
    known = f"did you mean {guess}?" if guess else f"it knows {', '.join(sorted(allowed)[:5])} ..."
    return f"{_cut(value)} is not among those that this boto3 knows; {known}"


def _named(path: str) -> str:
    """Give a part of the request under the name that the user knows."""
    for part, setting in _SETTINGS.items():
        if path == part:
            return setting
        if path.startswith(f"{part}."):
            return f"{setting}: {path.removeprefix(part + '.')}"
    return path


def _joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _cut(value: str) -> str:
    return repr(value if len(value) <= _LONGEST else value[:_LONGEST] + "...")
