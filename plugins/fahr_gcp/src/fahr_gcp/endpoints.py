"""Where each of Google's services answers, and the variables that say otherwise.

Source: gcloud's properties ``api_endpoint_overrides/*``, whose variables are
``CLOUDSDK_API_ENDPOINT_OVERRIDES_*`` (private endpoints need them too); Cloud Storage's client
libraries for ``STORAGE_EMULATOR_HOST``.
"""

from __future__ import annotations

import os

__all__ = ["endpoint"]

_OVERRIDES = "CLOUDSDK_API_ENDPOINT_OVERRIDES_"
_EMULATOR = "STORAGE_EMULATOR_HOST"
#: Services of which each region has its own host.
_REGIONAL = ("aiplatform",)
#: What gcloud's own values of the variables end with; the paths here begin with it.
_BEGINNINGS = ("/storage/v1", "/compute/v1", "/v1", "/v2", "/v3")


def endpoint(service: str, region: str) -> str:
    """Give a service's address without a slash at its end.

    Args:
        service: The host's name below ``googleapis.com``: ``aiplatform``, ``artifactregistry``,
            ``compute``, ``iam``, ``logging``, ``secretmanager``, ``serviceusage``, ``storage``.
        region: The region, for services with a host in each.
    """
    told = os.environ.get(_OVERRIDES + service.upper())
    if service == "storage":
        told = os.environ.get(_EMULATOR) or told
    if not told:
        host = f"{region}-{service}" if service in _REGIONAL else service
        return f"https://{host}.googleapis.com"
    address = (told if "://" in told else f"http://{told}").rstrip("/")
    for beginning in _BEGINNINGS:
        address = address.removesuffix(beginning)
    return address
