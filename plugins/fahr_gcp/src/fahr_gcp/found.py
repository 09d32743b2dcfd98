"""Custom jobs that were made elsewhere: found by name or number, and listed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from fahr_core.errors import FahrError, UsageError
from fahr_core.models import Absent, Found, RemoteJob
from fahr_gcp import asking, names
from fahr_gcp.client import Client
from fahr_gcp.links import console_link
from fahr_gcp.references import reference
from fahr_gcp.regions import of_a_region
from fahr_gcp.states import state_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from fahr_core.models import JobRef

__all__ = ["find_job", "list_jobs"]

#: Jobs of a page. Source: the client libraries' examples of ListCustomJobs.
_PAGE = 100
_RESOURCE = re.compile(r"projects/(?P<project>[^/]+)/locations/(?P<region>[^/]+)/customJobs/\d+")


def find_job(name: str, settings: Mapping[str, Any]) -> Found | Absent:
    """Find a custom job of the project, whoever made it.

    Args:
        name: Its display name (of several jobs of one name, the latest), its number,
            ``<display name>/<number>``, or its resource name.
        settings: This folder's settings of the driver: project and region.

    Raises:
        AccessError: credentials or a permission is missing.
        ServiceError: Google does not answer.
        UsageError: nobody names the project.
    """
    client = _client(name, settings)
    number = name.rpartition("/")[2]
    told = _by_number(client, number) if number.isdigit() else _by_display_name(client, name)
    if told is None and name.isdigit():
        told = _by_display_name(client, name)
    if told is None:
        asked = f"not in {client.project}, {client.region}"
        return Absent(reason=f"{asked}; in another: export FAHR_GCP__REGION=NAME")
    ref = reference(told, client)
    return Found(ref=ref, link=_link_of(ref))


def list_jobs(settings: Mapping[str, Any]) -> Iterator[RemoteJob]:
    """Give the project's custom jobs in a region, the newest first, a page at a time.

    A job that fahr sent has its display name, which no other has; others have their number too.

    Raises:
        AccessError: credentials or a permission is missing.
        ServiceError: Google does not answer.
        UsageError: nobody names the project.
    """
    client = _client("", settings)
    query = {"pageSize": _PAGE}
    with of_a_region(client):
        for page in client.pages("aiplatform", f"v1/{client.location}/customJobs", query):
            for told in _newest_first(page):
                ref = reference(told, client)
                yield RemoteJob(name=_name_of(told, ref), state=state_of(ref, told))


def _newest_first(page: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Give a page's jobs; the service has no word for their order, and keeps to this one."""
    jobs = page.get("customJobs") or ()
    return sorted(jobs, key=lambda told: str(told.get("createTime")), reverse=True)


def _name_of(told: Mapping[str, Any], ref: JobRef) -> str:
    display = str(told.get("displayName") or "")
    if display and names.RUN_LABEL in (told.get("labels") or {}):
        return display
    return f"{display}/{ref.id}" if display else ref.id


def _by_number(client: Client, number: str) -> dict[str, Any] | None:
    try:
        return client.call("aiplatform", "GET", asking.job_path(client, number))
    except FahrError as error:
        if not asking.is_absent(error):
            raise
        return None


def _by_display_name(client: Client, name: str) -> dict[str, Any] | None:
    """Find the latest job of a name. Source: customJobs.list, filter."""
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    query = {"filter": f'display_name="{escaped}"', "pageSize": _PAGE}
    pages = client.pages("aiplatform", f"v1/{client.location}/customJobs", query)
    with of_a_region(client):
        every = [told for page in pages for told in _newest_first(page)]
    jobs = [told for told in every if told.get("displayName") == name]
    return max(jobs, key=lambda told: str(told.get("createTime")), default=None)


def _client(name: str, settings: Mapping[str, Any]) -> Client:
    """Give the client for a job: of the project and region of its resource name, if it has one."""
    told = dict(settings)
    if match := _RESOURCE.fullmatch(name):
        told |= match.groupdict()
    if not told.get("project"):
        raise UsageError(
            "gcp needs project, in which jobs are looked for",
            "export FAHR_GCP__PROJECT=NAME",
        )
    return Client.of_settings(told)


def _link_of(ref: JobRef) -> str:
    return console_link(str(ref.data["project"]), str(ref.data["region"]), ref.id)
