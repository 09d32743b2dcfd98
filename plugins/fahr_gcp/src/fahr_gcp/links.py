"""Where a person sees a job and what it leaves: Google Cloud's console."""

from __future__ import annotations

__all__ = ["bucket_link", "console_link"]

_CONSOLE = "https://console.cloud.google.com"


def console_link(project: str, region: str, number: str) -> str:
    """Give the page of a custom job."""
    place = f"locations/{region}/training/{number}"
    return f"{_CONSOLE}/agent-platform/{place}?project={project}"


def bucket_link(place: str, project: str) -> str:
    """Give the page of a folder ``gs://bucket/prefix``."""
    return f"{_CONSOLE}/storage/browser/{place.removeprefix('gs://')}?project={project}"
