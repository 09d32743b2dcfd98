"""Vertex AI's quotas of a region, and what they say to a custom job.

Source: "Vertex AI quotas and limits"; the words are those that users report.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from tests.clouds.gcp import machines
from tests.clouds.gcp.errors import ApiError

if TYPE_CHECKING:
    from tests.clouds.gcp.cloud import Cloud

USUAL = 42
EXCEEDED = "The following quota metrics exceed quota limits: {}"


def check_quotas(cloud: Cloud, spec: dict[str, Any], location: str) -> None:
    """Check what a job wants against the quotas of its region.

    Raises:
        ApiError: it is more than there may be at once.
    """
    wanted = needs(spec)
    exceeded = sorted(
        metric
        for metric, count in wanted.items()
        if count > cloud.quotas.get((location, metric), USUAL * 100)
    )
    if exceeded:
        listed = ",".join(f"aiplatform.googleapis.com/{metric}" for metric in exceeded)
        raise ApiError(429, EXCEEDED.format(listed))


def needs(spec: dict[str, Any]) -> Counter[str]:
    """Give how much of each quota a job wants, by the metric's name."""
    spot = spec.get("scheduling", {}).get("strategy") == "SPOT"
    prefix = "custom_model_training_" + ("preemptible_" if spot else "")
    found: Counter[str] = Counter()
    for pool in filter(None, spec["workerPoolSpecs"]):
        machine, count = pool["machineSpec"], int(pool.get("replicaCount", 1))
        kind = machine["machineType"]
        if processors := machines.cpus(kind):
            found[f"{prefix}{machines.family(kind)}cpus"] += processors * count
        if accelerators := machine.get("acceleratorCount"):
            found[prefix + gpu_metric(machine["acceleratorType"])] += accelerators * count
    return found


def gpu_metric(accelerator: str) -> str:
    """Give the end of a metric's name, such as ``nvidia_t4_gpus``."""
    return accelerator.lower().replace("tesla_", "") + "_gpus"
