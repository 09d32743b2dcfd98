"""What a person is told of a job: its machines, what is paid for, where its output will be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fahr_core.durations import duration
from fahr_core.request_parts import time_limit
from fahr_gcp.links import bucket_link
from fahr_gcp.machines import gpu_words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fahr_core.models import Job, Request

__all__ = ["machine_line", "machines_of", "notes_of"]

_STRATEGIES = {"SPOT": "spot", "FLEX_START": "flex-start"}


def notes_of(request: Request) -> tuple[str, ...]:
    """Give the lines that are told after a request was staged; the machine was told before."""
    base = request.body["jobSpec"].get("baseOutputDirectory") or {}
    place = str(base.get("outputUriPrefix") or "")
    output = bucket_link(place, str(request.job.settings["project"]))
    return (f"its output, once it runs: {output}",) if place else ()


def machine_line(job: Job, body: Mapping[str, Any]) -> str:
    """Say what is paid for: machines, time limit, and that nobody here knows the price."""
    limit = duration(time_limit(job, "timeout"))
    machines = machines_of(body, least=1) or "machines as the request says"
    return f"{machines}, {limit} at most: price unknown"


def machines_of(told: Mapping[str, Any], *, least: int = 2) -> str | None:
    """Name a job's machines: ``2 x n1-standard-8 (T4), spot``; None where it names none.

    Args:
        told: The job, as it is sent or as the service describes it.
        least: From how many machines of a kind on their number is said.
    """
    spec = told.get("jobSpec") or {}
    kinds: dict[str, int] = {}
    for pool in spec.get("workerPoolSpecs") or ():
        machine = (pool or {}).get("machineSpec") or {}
        if machine.get("machineType"):
            kind = _kind(machine)
            kinds[kind] = kinds.get(kind, 0) + int(pool.get("replicaCount") or 1)
    words = [kind if count < least else f"{count} x {kind}" for kind, count in kinds.items()]
    strategy = _STRATEGIES.get(str((spec.get("scheduling") or {}).get("strategy")))
    return ", ".join([*words, *([strategy] if strategy else [])]) if words else None


def _kind(machine: Mapping[str, Any]) -> str:
    accelerator = str(machine.get("acceleratorType") or "").removeprefix("ACCELERATOR_TYPE_")
    if accelerator in ("", "UNSPECIFIED"):
        return str(machine["machineType"])
    count = int(machine.get("acceleratorCount") or 1)
    several = f"{count} x " if count > 1 else ""
    return f"{machine['machineType']} ({several}{gpu_words(accelerator)})"
