"""All that is needed to find a job again, made of what Vertex AI says of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fahr_core.models import JobRef
from fahr_gcp import names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fahr_gcp.client import Client

__all__ = ["reference", "variables_of"]


def reference(told: Mapping[str, Any], client: Client) -> JobRef:
    """Give the reference of a custom job, as customJobs.create, .get and .list describe it.

    Its id is the job's number. Its data: ``project`` and ``region``; ``name``, the resource
    name ``projects/../locations/../customJobs/<id>``; ``display_name``; and where the job has
    them ``run_id``, ``place`` (its folder in the bucket, a gs:// URI, see
    :mod:`fahr_gcp.names`), ``secrets`` (``projects/../secrets/<name>``), ``quota_project``.
    """
    name = str(told["name"])
    base = (told.get("jobSpec") or {}).get("baseOutputDirectory") or {}
    data = {
        "project": client.project,
        "region": client.region,
        "name": name,
        "display_name": told.get("displayName"),
        "run_id": (told.get("labels") or {}).get(names.RUN_LABEL),
        "place": str(base.get("outputUriPrefix") or "").rstrip("/") or None,
        "secrets": _secret(variables_of(told).get(names.SECRETS_VARIABLE)),
        "quota_project": client.quota_project,
    }
    known = {key: value for key, value in data.items() if value is not None}
    return JobRef(driver="gcp", id=name.rpartition("/")[2], data=known)


def variables_of(told: Mapping[str, Any]) -> dict[str, str]:
    """Give the variables of a job's first replica."""
    pools = (told.get("jobSpec") or {}).get("workerPoolSpecs") or ()
    listed = (pools[0].get("containerSpec") or {}).get("env") or () if pools else ()
    return {str(item["name"]): str(item.get("value", "")) for item in listed}


def _secret(version: str | None) -> str | None:
    return version.rpartition("/versions/")[0] if version else None
