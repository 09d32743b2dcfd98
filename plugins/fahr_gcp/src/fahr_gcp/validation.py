"""A request checked against what the API allows, before anybody is called.

Source: CustomJob, CustomJobSpec, WorkerPoolSpec, ContainerSpec, Vertex AI API reference v1.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from fahr_core.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["check_request", "faults_of"]

_LABEL = re.compile(r"[a-z0-9_-]{0,63}")
_KEY = re.compile(r"[a-z][a-z0-9_-]{0,62}")
#: Source: ContainerSpec.env, Scheduling.timeout for jobs of strategy FLEX_START.
_VARIABLES, _LABELS = 100, 64
#: The members of each message, as the API knows them: a misspelt one is refused there in words
#: that do not say where it comes from.
_MEMBERS: dict[str, frozenset[str]] = {
    "": frozenset({"displayName", "jobSpec", "labels", "encryptionSpec"}),
    "jobSpec": frozenset(
        {
            "baseOutputDirectory",
            "enableDashboardAccess",
            "enableWebAccess",
            "experiment",
            "experimentRun",
            "models",
            "network",
            "persistentResourceId",
            "protectedArtifactLocationId",
            "pscInterfaceConfig",
            "reservedIpRanges",
            "scheduling",
            "serviceAccount",
            "tensorboard",
            "workerPoolSpecs",
        }
    ),
    "jobSpec.scheduling": frozenset(
        {"disableRetries", "maxWaitDuration", "restartJobOnWorkerRestart", "strategy", "timeout"}
    ),
    "jobSpec.baseOutputDirectory": frozenset({"outputUriPrefix"}),
    "jobSpec.workerPoolSpecs": frozenset(
        {
            "autoscalingSpec",
            "containerSpec",
            "diskSpec",
            "lustreMounts",
            "machineSpec",
            "nfsMounts",
            "pythonPackageSpec",
            "replicaCount",
        }
    ),
    "encryptionSpec": frozenset({"kmsKeyName"}),
}


def check_request(body: Mapping[str, Any]) -> None:
    """Check a whole request.

    Raises:
        SettingsError: every fault of it, in one message.
    """
    if faults := faults_of(body):
        first, *others = faults
        raise SettingsError(first, *others, "nothing was sent")


def faults_of(body: Mapping[str, Any]) -> list[str]:
    """Give every fault of a request, in words; none when the API allows it."""
    return list(dict.fromkeys([*_unknown(body), *_labels(body), *_pools(body)]))


def _unknown(body: Mapping[str, Any]) -> Iterator[str]:
    for path, members in _MEMBERS.items():
        found: Any = body
        for part in filter(None, path.split(".")):
            found = (found or {}).get(part)
        for item in found if isinstance(found, list) else [found or {}]:
            if not isinstance(item, dict):
                yield f"request: {path} is no table"
                continue
            for name in item.keys() - members:
                yield f"request: {f'{path}.{name}'.lstrip('.')} is no part of customJobs.create"


def _labels(body: Mapping[str, Any]) -> Iterator[str]:
    labels = body.get("labels") or {}
    for key, value in labels.items():
        if not _KEY.fullmatch(str(key)) or not _LABEL.fullmatch(str(value)):
            yield f"label {key}={value}: only a-z, 0-9, - and _, 63 at most (--tag, labels)"
    if len(labels) > _LABELS:
        yield f"{len(labels)} labels, at most {_LABELS} are allowed (--tag, labels)"


def _pools(body: Mapping[str, Any]) -> Iterator[str]:
    pools = (body.get("jobSpec") or {}).get("workerPoolSpecs") or []
    if not pools:
        yield "request: jobSpec.workerPoolSpecs is empty"
    for pool in pools:
        variables = (pool.get("containerSpec") or {}).get("env") or []
        if len(variables) > _VARIABLES:
            yield f"{len(variables)} variables, at most {_VARIABLES} are allowed (environment)"
