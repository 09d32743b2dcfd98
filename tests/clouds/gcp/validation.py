"""What Vertex AI refuses when a custom job is created."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.clouds.gcp.errors import invalid

if TYPE_CHECKING:
    from tests.clouds.gcp.asked import Asked
    from tests.clouds.gcp.cloud import Cloud


def check_request(
    cloud: Cloud, wanted: dict[str, Any], location: str, asked: Asked
) -> dict[str, Any]:
    """Check a request for a custom job; give it as the service keeps it.

    Raises:
        ApiError: the service would refuse it.
    """
    if not wanted.get("displayName"):
        raise invalid("Required field is not set.", ("custom_job.display_name", "Required"))
    return wanted
