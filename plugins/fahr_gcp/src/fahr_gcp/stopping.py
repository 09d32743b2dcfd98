"""Stopping a custom job."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fahr_core.stopping import stop_unless_done
from fahr_gcp import asking
from fahr_gcp.failures import status_of
from fahr_gcp.states import state_of

if TYPE_CHECKING:
    from fahr_core.models import JobRef, State, StopResult

__all__ = ["stop_job"]


def stop_job(ref: JobRef) -> StopResult:
    """Ask Vertex AI to cancel a job: it sends SIGTERM, and SIGKILL a while later.

    What the job has written until then is in its bucket.

    Raises:
        AccessError: a permission is missing.
        ServiceError: Google does not answer.
    """
    return stop_unless_done(
        lambda: _state(ref),
        lambda: _cancel(ref),
        unknown=f"Vertex AI knows no custom job {ref.id}",
        is_refusal=lambda error: status_of(error) is not None,
    )


def _state(ref: JobRef) -> State | None:
    told = asking.describe(ref)
    return state_of(ref, told).state if told is not None else None


def _cancel(ref: JobRef) -> None:
    asking.asked(
        ref,
        lambda client: client.call(
            "aiplatform", "POST", f"{asking.job_path(client, ref.id)}:cancel", body={}
        ),
    )
