"""In which regions an accelerator is to be had at all.

Vertex AI has no call that tells, and refuses a job only when it is sent.  Its machines are those of
Compute Engine, which lists the accelerators of each zone.
Source: "Method: acceleratorTypes.aggregatedList", Compute Engine API reference.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fahr_gcp.client import Client

__all__ = ["regions_with"]


def regions_with(client: Client, accelerator: str) -> list[str]:
    """Give the regions with a zone that has an accelerator, in order; none where none is known.

    A zone that does not answer counts as one that has it.

    Raises:
        AccessError: these credentials may not ask.
        ServiceError: Google does not answer.
    """
    name = accelerator.lower().replace("_", "-")
    path = f"compute/v1/projects/{client.project}/aggregated/acceleratorTypes"
    query = {"filter": f"name={name}", "returnPartialSuccess": "true"}
    has, silent = set(), set()
    for page in client.pages("compute", path, query, attempts=1):
        for zone, told in (page.get("items") or {}).items():
            region = zone.removeprefix("zones/").rpartition("-")[0]
            if any(one.get("name") == name for one in told.get("acceleratorTypes") or ()):
                has.add(region)
            elif (told.get("warning") or {}).get("code") == "UNREACHABLE":
                silent.add(region)
    return sorted(has | silent) if has else []
