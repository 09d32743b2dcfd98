"""Where a person sees a job: Google Cloud's console, and its log there."""

from __future__ import annotations

from urllib.parse import quote

__all__ = ["bucket_link", "console_link", "log_link"]

_CONSOLE = "https://console.cloud.google.com"


def console_link(project: str, region: str, number: str) -> str:
    """Give the page of a custom job."""
    place = f"locations/{region}/training/{number}"
    return f"{_CONSOLE}/agent-platform/{place}?project={project}"


def log_link(project: str, number: str) -> str:
    """Give the page of a custom job's log."""
    asked = f'resource.type="ml_job"\nresource.labels.job_id="{number}"'
    return f"{_CONSOLE}/logs/query;query={quote(asked, safe='')}?project={project}"


def bucket_link(place: str, project: str) -> str:
    """Give the page of a folder ``gs://bucket/prefix``."""
    return f"{_CONSOLE}/storage/browser/{place.removeprefix('gs://')}?project={project}"
