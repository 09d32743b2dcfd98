"""What a person is told of a job before it is sent: machine, time limit, price, links."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fahr_core.durations import duration
from fahr_core.request_parts import time_limit
from fahr_gcp.links import bucket_link
from fahr_gcp.machines import gpu_words

if TYPE_CHECKING:
    from fahr_core.models import Request

__all__ = ["machine_line", "notes_of"]


def notes_of(request: Request) -> tuple[str, ...]:
    """Give the lines that are told after a request was staged."""
    spec = request.body["jobSpec"]
    place = str((spec.get("baseOutputDirectory") or {}).get("outputUriPrefix") or "")
    output = bucket_link(place, str(request.job.settings["project"]))
    return (machine_line(request), f"its output, once it runs: {output}")


def machine_line(request: Request) -> str:
    """Say what is paid for: machines, time limit, and that nobody here knows the price."""
    spec = request.body["jobSpec"]
    pools = spec["workerPoolSpecs"]
    machine = (pools[0] if pools else {}).get("machineSpec") or {}
    count = sum(int(pool.get("replicaCount") or 1) for pool in pools)
    gpu = ""
    if accelerator := machine.get("acceleratorType"):
        gpu = f" ({machine.get('acceleratorCount', 1)} x {gpu_words(accelerator)})"
    strategy = (spec.get("scheduling") or {}).get("strategy")
    how = f"{strategy.lower().replace('_', '-')}, " if strategy else ""
    limit = duration(time_limit(request.job, "timeout"))
    kind = machine.get("machineType") or "a machine"
    return f"{count} x {kind}{gpu}, {how}{limit} at most: price unknown"
