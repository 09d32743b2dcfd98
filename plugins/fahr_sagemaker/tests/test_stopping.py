from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.clouds.faults import Fault

from fahr_core.errors import AccessError
from fahr_sagemaker import asking, stopping
from fahr_sagemaker.stopping import stop_job
from placed_jobs import NAME, placed, ref_of

if TYPE_CHECKING:
    from tests.clouds.aws.cloud import Cloud

    from fahr_core.models import JobRef


def test_a_running_job_is_asked_to_stop_once(aws: Cloud) -> None:
    job = placed(aws)
    assert stop_job(ref_of()).outcome == "stopping"
    assert job.stopping
    assert stop_job(ref_of()).outcome == "stopping"
    assert len(aws.called("sagemaker:StopTrainingJob")) == 1


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ("Completed", "it was complete already"),
        ("Failed", "it was failed already"),
        ("Stopped", None),
    ],
)
def test_a_job_that_has_ended_is_left_alone(aws: Cloud, status: str, reason: str | None) -> None:
    placed(aws, NAME, status)
    result = stop_job(ref_of())
    assert (result.outcome, result.reason) == ("ended" if reason else "stopped", reason)
    assert aws.called("sagemaker:StopTrainingJob") == []


def test_one_that_ends_meanwhile_is_no_error(aws: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    job = placed(aws)
    describe = asking.describe

    def and_end(ref: JobRef) -> object:
        told = describe(ref)
        if job.status == "InProgress":
            job.enter("Completed", status="Completed")
        return told

    monkeypatch.setattr(stopping.asking, "describe", and_end)
    assert stop_job(ref_of()).outcome == "ended"


def test_a_lost_answer_is_asked_again(aws: Cloud) -> None:
    job = placed(aws)
    aws.faults.add("sagemaker:StopTrainingJob", Fault.LOST)
    assert stop_job(ref_of()).outcome == "stopping"
    assert job.stopping


def test_an_unknown_job_cannot_be_stopped(aws: Cloud) -> None:
    result = stop_job(ref_of("never-was"))
    assert result.outcome == "not-possible"
    assert "never-was" in (result.reason or "")


def test_a_missing_permission_is_said(aws: Cloud) -> None:
    placed(aws)
    aws.deny("sagemaker:StopTrainingJob")
    with pytest.raises(AccessError, match="sagemaker:StopTrainingJob"):
        stop_job(ref_of())
