from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from fahr_core.errors import AccessError
from fahr_core.models import StopResult
from fahr_gcp import stopping
from fahr_gcp.stopping import stop_job
from placed_jobs import ID, placed, ref_of

if TYPE_CHECKING:
    from tests.clouds.gcp.cloud import Cloud


@pytest.mark.parametrize("states", [("QUEUED",), ("PENDING",), ("PENDING", "RUNNING")])
def test_a_job_that_goes_on_is_cancelled(gcp: Cloud, states: tuple[str, ...]) -> None:
    job = placed(gcp, *states)
    assert stop_job(ref_of()) == StopResult(outcome="stopping")
    assert job.cancelling
    assert stop_job(ref_of()) == StopResult(outcome="stopping")
    assert len(gcp.called("aiplatform:customJobs.cancel")) == 1


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ("SUCCEEDED", "it was complete already"),
        ("FAILED", "it was failed already"),
        ("EXPIRED", "it was failed already"),
        ("CANCELLED", None),
    ],
)
def test_a_job_that_has_ended_stays_as_it_is(gcp: Cloud, state: str, reason: str | None) -> None:
    placed(gcp, "RUNNING", state)
    outcome = "ended" if reason else "stopped"
    assert stop_job(ref_of()) == StopResult(outcome=outcome, reason=reason)
    assert not gcp.called("aiplatform:customJobs.cancel")


def test_a_job_that_ends_meanwhile_is_no_error(gcp: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    job = placed(gcp)
    asked = stopping._state

    def ending(ref):
        state = asked(ref)
        job.enter("SUCCEEDED")
        return state

    monkeypatch.setattr(stopping, "_state", ending)
    result = stop_job(ref_of())
    assert result == StopResult(outcome="ended", reason="it was complete already")
    assert len(gcp.called("aiplatform:customJobs.cancel")) == 1


def test_an_unknown_job_cannot_be_stopped(gcp: Cloud) -> None:
    result = stop_job(ref_of("42"))
    assert result.outcome == "not-possible"
    assert "42" in (result.reason or "")


def test_a_missing_permission_is_said(gcp: Cloud) -> None:
    placed(gcp, number=ID)
    gcp.deny("aiplatform.customJobs.cancel")
    with pytest.raises(AccessError, match=r"aiplatform\.customJobs\.cancel"):
        stop_job(ref_of())
