"""Questions about jobs that are there, asked again when the credentials have been renewed.

A job is followed for hours: a login that is made meanwhile counts from the next question on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from fahr_core.errors import AccessError, FahrError
from fahr_gcp.client import Client
from fahr_gcp.failures import status_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from fahr_core.models import JobRef

__all__ = ["asked", "describe", "is_absent", "job_path", "region_of"]

T = TypeVar("T")


def asked(ref: JobRef, question: Callable[[Client], T]) -> T:
    """Put a question to the project of a job, once more by a new login where the old is refused.

    Raises:
        AccessError: credentials or a permission is missing.
        ServiceError: Google does not answer.
    """
    client = Client.of_ref(ref)
    try:
        return question(client)
    except AccessError as error:
        if status_of(error) not in (None, 401):  # None: there was no token to ask with
            raise
        client.close()
    return question(client)


def describe(ref: JobRef) -> dict[str, Any] | None:
    """Give what Vertex AI says of a job; None when it knows no such job.

    Raises:
        AccessError: credentials or a permission is missing.
        ServiceError: Google does not answer.
    """

    def question(client: Client) -> dict[str, Any] | None:
        try:
            return client.call("aiplatform", "GET", job_path(client, ref.id))
        except FahrError as error:
            if not is_absent(error):
                raise
            return None

    return asked(ref, question)


def job_path(client: Client, number: str) -> str:
    """Give the path of a custom job."""
    from urllib.parse import quote

    return f"v1/{client.location}/customJobs/{quote(number, safe='')}"


def is_absent(error: FahrError) -> bool:
    """Tell whether a refusal means that there is no such job, or can be none of that number.

    Asked for what is no number, the service says that the argument is not valid.
    """
    return status_of(error) in (400, 404)


def region_of(ref: JobRef) -> str:
    """Give the region that a job is in."""
    return str(ref.data.get("region") or Client.of_ref(ref).region)
