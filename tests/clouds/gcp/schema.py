"""The fields of a custom job, as its proto has them, and how JSON is read into them.

Source: custom_job.proto and machine_resources.proto of google-cloud-aiplatform 2.7. As in every
Google API a field may be written in either case, and an enumeration by its number.
"""

from __future__ import annotations

import re
from typing import Any

from tests.clouds.gcp.errors import ApiError, violations
from tests.clouds.gcp.moments import seconds

ACCELERATORS = (
    "ACCELERATOR_TYPE_UNSPECIFIED",
    "NVIDIA_TESLA_K80",
    "NVIDIA_TESLA_P100",
    "NVIDIA_TESLA_V100",
    "NVIDIA_TESLA_P4",
    "NVIDIA_TESLA_T4",
    "TPU_V2",
    "TPU_V3",
    "NVIDIA_TESLA_A100",
    "NVIDIA_A100_80GB",
    "TPU_V4_POD",
    "NVIDIA_L4",
    "TPU_V5_LITEPOD",
    "NVIDIA_H100_80GB",
    "NVIDIA_H100_MEGA_80GB",
    "NVIDIA_H200_141GB",
    "NVIDIA_B200",
    "NVIDIA_GB200",
    "NVIDIA_RTX_PRO_6000",
)
STRATEGIES = {0: "STRATEGY_UNSPECIFIED", 1: "ON_DEMAND", 2: "LOW_COST", 3: "STANDARD",
              4: "SPOT", 6: "FLEX_START"}  # fmt: skip
AFFINITIES = ("TYPE_UNSPECIFIED", "NO_RESERVATION", "ANY_RESERVATION", "SPECIFIC_RESERVATION")

TEXT, NUMBER, LONG, TRUTH, SPAN, MAP = "string", "int32", "int64", "bool", "duration", "map"
ENV = [{"name": TEXT, "value": TEXT}]
MACHINE = {
    "machineType": TEXT,
    "acceleratorType": dict(enumerate(ACCELERATORS)),
    "acceleratorCount": NUMBER,
    "gpuPartitionSize": TEXT,
    "tpuTopology": TEXT,
    "reservationAffinity": {
        "reservationAffinityType": dict(enumerate(AFFINITIES)),
        "key": TEXT,
        "values": [TEXT],
    },
}
POOL = {
    "containerSpec": {"imageUri": TEXT, "command": [TEXT], "args": [TEXT], "env": ENV},
    "pythonPackageSpec": {
        "executorImageUri": TEXT,
        "packageUris": [TEXT],
        "pythonModule": TEXT,
        "args": [TEXT],
        "env": ENV,
    },
    "machineSpec": MACHINE,
    "replicaCount": LONG,
    "nfsMounts": [{"server": TEXT, "path": TEXT, "mountPoint": TEXT}],
    "diskSpec": {"bootDiskType": TEXT, "bootDiskSizeGb": NUMBER},
}
CUSTOM_JOB: dict[str, Any] = {
    "name": TEXT,
    "displayName": TEXT,
    "jobSpec": {
        "persistentResourceId": TEXT,
        "workerPoolSpecs": [POOL],
        "scheduling": {
            "timeout": SPAN,
            "restartJobOnWorkerRestart": TRUTH,
            "strategy": STRATEGIES,
            "disableRetries": TRUTH,
            "maxWaitDuration": SPAN,
        },
        "serviceAccount": TEXT,
        "network": TEXT,
        "reservedIpRanges": [TEXT],
        "pscInterfaceConfig": {"networkAttachment": TEXT},
        "baseOutputDirectory": {"outputUriPrefix": TEXT},
        "protectedArtifactLocationId": TEXT,
        "tensorboard": TEXT,
        "enableWebAccess": TRUTH,
        "enableDashboardAccess": TRUTH,
        "experiment": TEXT,
        "experimentRun": TEXT,
        "models": [TEXT],
    },
    "labels": MAP,
    "encryptionSpec": {"kmsKeyName": TEXT},
}
#: Fields that the service alone writes: what a client says in them is dropped.
OUTPUT_ONLY = ("state", "createTime", "startTime", "endTime", "updateTime", "error",
               "webAccessUris", "satisfiesPzs", "satisfiesPzi")  # fmt: skip


def read(document: dict[str, Any]) -> dict[str, Any]:
    """Give the custom job of a document, in one way of writing.

    Raises:
        ApiError: it has a field that is none, or a value of another type.
    """
    kept = {key: value for key, value in document.items() if _camel(key) not in OUTPUT_ONLY}
    told: dict[str, Any] = _message(CUSTOM_JOB, kept, "custom_job")
    return told


def _message(fields: dict[str, Any], value: Any, path: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _wrong(path, "Root element must be a message.")
    told = {}
    for key, item in value.items():
        name = _camel(key)
        if name not in fields:
            text = f"Invalid JSON payload received. Unknown name \"{key}\" at '{path}': Cannot "
            raise _bad(path, text + "find field.")
        if item is not None:
            told[name] = _value(fields[name], item, f"{path}.{_snake(name)}")
    return told


def _value(kind: Any, value: Any, path: str) -> Any:
    if isinstance(kind, list):
        if not isinstance(value, list):
            raise _wrong(path, "Proto field is not repeating, cannot start list.")
        return [_value(kind[0], item, f"{path}[{number}]") for number, item in enumerate(value)]
    if isinstance(kind, dict):
        if 0 in kind:
            return _enumerated(kind, value, path)
        return _message(kind, value, path)
    return _scalar(kind, value, path)


def _enumerated(kind: dict[int, str], value: Any, path: str) -> str:
    if value in kind.values():
        return str(value)
    if value in kind:
        return kind[value]
    raise _wrong(path, f'"{value}"')


def _scalar(kind: str, value: Any, path: str) -> Any:
    number = isinstance(value, int) and not isinstance(value, bool)
    if kind in (NUMBER, LONG):
        if number or (isinstance(value, str) and re.fullmatch(r"-?\d+", value)):
            # JSON's numbers are too short for 64 bits: they come as text.
            return str(value) if kind == LONG else int(value)
    elif kind == MAP:
        if isinstance(value, dict) and all(isinstance(item, str) for item in value.values()):
            return dict(value)
    elif kind == TRUTH:
        if isinstance(value, bool):
            return value
    elif isinstance(value, str):
        return value if kind == TEXT else _span(value, path)
    raise _wrong(path, repr(value) if isinstance(value, dict | list) else str(value))


def _span(value: str, path: str) -> str:
    try:
        seconds(value)
    except ValueError as error:
        text = f"Field '{path}', Illegal duration format; duration must end with 's'"
        raise _bad(path, "Invalid value: " + text) from error
    return value


def _wrong(path: str, value: str) -> ApiError:
    return _bad(path, f"Invalid value at '{path}', {value}")


def _bad(path: str, text: str) -> ApiError:
    return ApiError(400, text, details=(violations((path, text)),))


def _camel(name: str) -> str:
    return re.sub(r"_([a-z])", lambda found: found[1].upper(), name)


def _snake(name: str) -> str:
    return re.sub(r"([A-Z])", lambda found: "_" + found[1].lower(), name)
