"""What a person is told of a job before it is sent: machine, time limit, price, links."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fahr_core.durations import duration
from fahr_sagemaker.instances import gpu_of
from fahr_sagemaker.links import log_link

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fahr_core.models import Request

__all__ = ["machine_line", "notes_of"]

#: Seconds. Source: CreateTrainingJob, StoppingCondition.
_DEFAULT_LIMIT = 86400


def notes_of(request: Request) -> tuple[str, ...]:
    """Give the lines that are told after a request was staged; the machine was told before."""
    region = str(request.job.settings["region"])
    partition = str(request.body["RoleArn"]).split(":")[1]
    log = log_link(region, request.remote_name, partition)
    return (f"its log, once it runs: {log}",)


def machine_line(body: Mapping[str, Any]) -> str:
    """Say what is paid for: machines, time limit, and that nobody here knows the price."""
    resources = body.get("ResourceConfig") or {}
    spot = "spot, " if body.get("EnableManagedSpotTraining") else ""
    limits = body.get("StoppingCondition") or {}
    limit = duration(limits.get("MaxRuntimeInSeconds", _DEFAULT_LIMIT))
    return f"{_machines(resources)}, {spot}{limit} at most: price unknown"


def _machines(resources: Mapping[str, Any]) -> str:
    """Name the machines; a request in raw JSON may have groups of them, or none."""
    parts = [
        f"{part.get('InstanceCount', 1)} x {part['InstanceType']}"
        + (f" ({gpu})" if (gpu := gpu_of(str(part["InstanceType"]))) else "")
        for part in (resources, *(resources.get("InstanceGroups") or ()))
        if part.get("InstanceType")
    ]
    return ", ".join(parts) or "machines as the request says"
