"""Stopping a custom job."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fahr_core.errors import FahrError
from fahr_core.models import StopResult
from fahr_gcp import asking
from fahr_gcp.failures import status_of
from fahr_gcp.states import state_of

if TYPE_CHECKING:
    from fahr_core.models import JobRef

__all__ = ["stop_job"]


def stop_job(ref: JobRef) -> StopResult:
    """Ask Vertex AI to cancel a job: it sends SIGTERM, and SIGKILL a while later.

    What the job has written until then is in its bucket.

    Raises:
        AccessError: a permission is missing.
        ServiceError: Google does not answer.
    """
    if done := _done_already(ref):
        return done
    try:
        asking.asked(
            ref,
            lambda client: client.call(
                "aiplatform", "POST", f"{asking.job_path(client, ref.id)}:cancel", body={}
            ),
        )
    except FahrError as error:
        # It ended between the question and the order.
        if status_of(error) is None or not (done := _done_already(ref)):
            raise
        return done
    return _done_already(ref) or StopResult(outcome="stopping")


def _done_already(ref: JobRef) -> StopResult | None:
    told = asking.describe(ref)
    if told is None:
        reason = f"Vertex AI knows no custom job {ref.id}"
        return StopResult(outcome="not-possible", reason=reason)
    state = state_of(ref, told).state
    if state.final:
        was = None if state == "stopped" else f"it was {state} already"
        return StopResult(outcome="stopped", reason=was)
    return StopResult(outcome="stopping") if state == "stopping" else None
