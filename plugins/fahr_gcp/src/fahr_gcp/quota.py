"""How many accelerators a project may have at once for training in a region.

Source: "Vertex AI quotas and limits", custom model training; Service Usage API,
consumerQuotaMetrics.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from fahr_core.errors import FahrError
from fahr_gcp.failures import status_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from fahr_gcp.client import Client

__all__ = ["metric_of", "quota_of"]

_SERVICE = "aiplatform.googleapis.com"
#: Every accelerator's name in its metric is its own in small letters, but for these.
_WORDS = {
    "NVIDIA_TESLA_T4": "nvidia_t4",
    "NVIDIA_TESLA_P4": "nvidia_p4",
    "NVIDIA_TESLA_P100": "nvidia_p100",
    "NVIDIA_TESLA_V100": "nvidia_v100",
    "NVIDIA_TESLA_A100": "nvidia_a100",
}


def quota_of(client: Client, accelerator: str, *, spot: bool = False) -> int | None:
    """Give how many of an accelerator the project may have; None where there is no such quota.

    Raises:
        AccessError: these credentials may not ask.
        ServiceError: Google does not answer.
    """
    metric = quote(f"{_SERVICE}/{metric_of(accelerator, spot=spot)}", safe="")
    path = f"v1beta1/projects/{client.project}/services/{_SERVICE}/consumerQuotaMetrics/{metric}"
    try:
        told = client.call("serviceusage", "GET", path, attempts=1)
    except FahrError as error:
        if status_of(error) in (400, 404):
            return None
        raise
    limits = list(_limits(told, client.region))
    return max(limits) if limits else None


def metric_of(accelerator: str, *, spot: bool = False) -> str:
    """Give the name of an accelerator's quota for training."""
    word = _WORDS.get(accelerator, accelerator.lower())
    return f"custom_model_training_{'preemptible_' if spot else ''}{word}_gpus"


def _limits(told: Mapping[str, Any], region: str) -> Iterator[int]:
    """Give the limits that count in a region: its own, else what holds where none is set."""
    buckets = [
        bucket
        for limit in told.get("consumerQuotaLimits") or ()
        for bucket in limit.get("quotaBuckets") or ()
    ]
    own = [one for one in buckets if (one.get("dimensions") or {}).get("region") == region]
    for bucket in own or [one for one in buckets if not one.get("dimensions")]:
        limit = int(bucket.get("effectiveLimit", 0))
        yield limit if limit >= 0 else 10**9  # -1 is no limit
