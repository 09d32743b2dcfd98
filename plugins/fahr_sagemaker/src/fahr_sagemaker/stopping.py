"""Stopping a training job."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fahr_core.errors import FahrError
from fahr_core.models import StopResult
from fahr_sagemaker import asking
from fahr_sagemaker.failures import code_of

if TYPE_CHECKING:
    from fahr_core.models import JobRef

__all__ = ["stop_job"]

_ENDED = {"Completed": "complete", "Failed": "failed", "Stopped": "stopped"}


def stop_job(ref: JobRef) -> StopResult:
    """Ask SageMaker to stop a job: it sends SIGTERM, and SIGKILL 120 seconds later.

    What the job has written until then is uploaded.

    Raises:
        AccessError: a permission is missing.
        ServiceError: AWS does not answer.
    """
    if done := _done_already(ref):
        return done
    try:
        asking.asked(
            ref,
            lambda client: client.call(
                "sagemaker", "StopTrainingJob", TrainingJobName=asking.job_name(ref)
            ),
        )
    except FahrError as error:
        # It ended between the question and the order.
        if code_of(error) is None or not (done := _done_already(ref)):
            raise
        return done
    return _done_already(ref) or StopResult(outcome="stopping")


def _done_already(ref: JobRef) -> StopResult | None:
    told = asking.describe(ref)
    if told is None:
        reason = f"SageMaker knows no training job {asking.job_name(ref)}"
        return StopResult(outcome="not-possible", reason=reason)
    status = told["TrainingJobStatus"]
    if status in _ENDED:
        was = None if status == "Stopped" else f"it was {_ENDED[status]} already"
        return StopResult(outcome="stopped", reason=was)
    return StopResult(outcome="stopping") if status == "Stopping" else None
