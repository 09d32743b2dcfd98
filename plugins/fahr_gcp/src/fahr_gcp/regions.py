"""Vertex AI's regions: what a name that is none of them most likely stands for.

Google adds regions, so that a name which only looks like one is put to the service, and refused
when that refuses it.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

from fahr_core.errors import FahrError
from fahr_core.models import Finding
from fahr_core.names import did_you_mean
from fahr_gcp.asking import is_absent
from fahr_gcp.client import DEFAULT_REGION
from fahr_gcp.failures import NoAnswer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fahr_gcp.client import Client

__all__ = ["REGIONS", "check_form", "meant_by", "of_a_region", "region_findings"]

#: Source: google-cloud-aiplatform 2.7, ``aiplatform.constants.base.SUPPORTED_REGIONS``, less
#: ``global``, which has no custom jobs ("Vertex AI locations").
REGIONS = frozenset(
    f"{continent}-{place}"
    for continent, places in {
        "africa": "south1",
        "asia": "east1 east2 northeast1 northeast2 northeast3 south1 south2 southeast1 southeast2",
        "australia": "southeast1 southeast2",
        "europe": "central2 north1 north2 southwest1 "
        "west1 west2 west3 west4 west6 west8 west9 west12",
        "me": "central1 central2 west1",
        "northamerica": "northeast1 northeast2",
        "southamerica": "east1 west1",
        "us": "central1 east1 east4 east5 east7 south1 west1 west2 west3 west4 west8",
    }.items()
    for place in places.split()
)
_FORM = re.compile(r"[a-z]+-[a-z]+\d+")
#: How another cloud begins the names of its regions.
_CONTINENTS = {"eu": "europe", "ap": "asia"}


def check_form(region: str) -> None:
    """See that a word can be a region's name at all.

    Raises:
        ValueError: it cannot; says which region it most likely stands for.
    """
    if not _FORM.fullmatch(region):
        meant = meant_by(region)
        question = f"; did you mean {meant}?" if meant else ": they are called like europe-west4"
        raise ValueError(f"{region!r} is no region{question}")


def region_findings(client: Client) -> list[Finding]:
    """Ask Vertex AI for a region that is none of those above; nothing is asked of these.

    An error says that there is no such region, a warning that nobody has told.
    """
    region = client.region
    if region in REGIONS:
        return []
    try:
        path = f"v1/{client.location}/customJobs"
        client.call("aiplatform", "GET", path, {"pageSize": 1}, attempts=1)
    except FahrError as error:
        gone = _is_gone(error)
        message, meant = _no_region(region, "Vertex AI has" if gone else "fahr knows")
        hint, level = f"fahr fit -c region={meant}", "error" if gone else "warning"
        return [Finding(level=level, subject="region", message=message, hints=(hint,))]
    return []


@contextmanager
def of_a_region(client: Client) -> Iterator[None]:
    """Say of what a region that is not there was asked for that it is not there.

    Raises:
        FahrError: there is no such region; or whatever else was raised.
    """
    try:
        yield
    except FahrError as error:
        if client.region in REGIONS or not _is_gone(error):
            raise
        message, meant = _no_region(client.region)
        raise FahrError(message, f"export FAHR_GCP__REGION={meant}") from error


def meant_by(region: str) -> str | None:
    """Give the region that a name most likely stands for; None when none is close."""
    first, dash, rest = region.lower().replace("_", "-").partition("-")
    return did_you_mean(_CONTINENTS.get(first, first) + dash + rest, sorted(REGIONS))


def _no_region(region: str, whose: str = "Vertex AI has") -> tuple[str, str]:
    """Give what is said of a region, and one to name instead."""
    meant = meant_by(region)
    question = f"; did you mean {meant}?" if meant else ""
    return f"{whose} no region {region}{question}", meant or DEFAULT_REGION


def _is_gone(error: FahrError) -> bool:
    """Tell whether a refusal means that there is no such region.

    A region has a host of its own, whose name nobody knows where there is no such region.
    """
    cause = error.__cause__
    return is_absent(error) or (isinstance(cause, NoAnswer) and not cause.sent)
