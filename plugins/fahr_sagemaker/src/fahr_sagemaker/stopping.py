"""Stopping a training job."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fahr_core.stopping import stop_unless_done
from fahr_sagemaker import asking
from fahr_sagemaker.failures import code_of
from fahr_sagemaker.states import state_of

if TYPE_CHECKING:
    from fahr_core.models import JobRef, State, StopResult

__all__ = ["stop_job"]


def stop_job(ref: JobRef) -> StopResult:
    """Ask SageMaker to stop a job: it sends SIGTERM, and SIGKILL 120 seconds later.

    What the job has written until then is uploaded.

    Raises:
        AccessError: a permission is missing.
        ServiceError: AWS does not answer.
    """
    return stop_unless_done(
        lambda: _state(ref),
        lambda: _stop(ref),
        unknown=f"SageMaker knows no training job {asking.job_name(ref)}",
        is_refusal=lambda error: code_of(error) is not None,
    )


def _state(ref: JobRef) -> State | None:
    told = asking.describe(ref)
    return state_of(ref, told).state if told is not None else None


def _stop(ref: JobRef) -> None:
    asking.asked(
        ref,
        lambda client: client.call(
            "sagemaker", "StopTrainingJob", TrainingJobName=asking.job_name(ref)
        ),
    )
