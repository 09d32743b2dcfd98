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
    resources = body["ResourceConfig"]
    instance = str(resources.get("InstanceType") or "a machine by instance groups")
    gpu = f" ({gpu_of(instance)})" if gpu_of(instance) else ""
    spot = "spot, " if body.get("EnableManagedSpotTraining") else ""
    limits = body.get("StoppingCondition", {})
    limit = duration(limits.get("MaxRuntimeInSeconds", _DEFAULT_LIMIT))
    count = resources.get("InstanceCount", 1)
    return f"{count} x {instance}{gpu}, {spot}{limit} at most: price unknown"
