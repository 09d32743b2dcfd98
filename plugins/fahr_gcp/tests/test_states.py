from __future__ import annotations

import time
from typing import Any

import pytest

from fahr_core.models import JobRef, State
from fahr_gcp.moments import rfc3339
from fahr_gcp.states import is_final, state_of

START = 1_777_896_000
REF = JobRef(driver="gcp", id="123", data={"project": "p-1", "region": "europe-west4"})


def at(seconds: float) -> str:
    return rfc3339(int((START + seconds) * 1_000_000_000))


def told(state: str, **more: Any) -> dict[str, Any]:
    """Give a job as customJobs.get does: made at 0, started after 40 s, ended after 160 s."""
    found = {"state": f"JOB_STATE_{state}", "createTime": at(0), "updateTime": at(160)}
    if state not in ("QUEUED", "PENDING", "EXPIRED"):
        found["startTime"] = at(40)
    if state in ("SUCCEEDED", "FAILED", "CANCELLED"):
        found["endTime"] = at(160)
    return {**found, **more}


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("QUEUED", State.SUBMITTED),
        ("PENDING", State.SUBMITTED),
        ("PAUSED", State.SUBMITTED),
        ("RUNNING", State.RUNNING),
        ("UPDATING", State.RUNNING),
        ("CANCELLING", State.STOPPING),
        ("SUCCEEDED", State.COMPLETE),
        ("PARTIALLY_SUCCEEDED", State.FAILED),
        ("FAILED", State.FAILED),
        ("EXPIRED", State.FAILED),
        ("CANCELLED", State.STOPPED),
        ("UNSPECIFIED", State.SUBMITTED),
        ("SOMETHING_NEW", State.SUBMITTED),
    ],
)
def test_each_word_has_a_state(word: str, state: State) -> None:
    assert state_of(REF, told(word)).state is state
    assert is_final(told(word)) is state.final


def test_a_new_word_for_an_end_is_an_end() -> None:
    said = state_of(REF, told("EVAPORATED", endTime=at(160)))
    assert (said.state, said.reason) == (State.FAILED, "it ended as EVAPORATED")


def test_a_job_without_a_state_is_submitted() -> None:
    assert state_of(REF, {"createTime": at(0)}).state is State.SUBMITTED


def test_the_detail_tells_the_services_word_and_the_times() -> None:
    said = state_of(REF, told("SUCCEEDED"))
    assert said.detail == "SUCCEEDED, waited 40 s, ran 2 min"
    assert (said.created, said.started, said.ended) == (START, START + 40, START + 160)
    assert said.exit_code == 0


def test_a_job_that_waits_says_for_how_long() -> None:
    now = rfc3339(int((time.time() - 720) * 1_000_000_000))
    said = state_of(REF, told("PENDING", updateTime=now))
    assert said.detail == "PENDING for 12 min"
    assert said.ended is None


def test_a_job_that_expired_says_so_and_when() -> None:
    said = state_of(REF, told("EXPIRED"))
    assert said.reason == "it expired before there were machines for it"
    assert said.ended == START + 160
    message = "maxWaitDuration of 600s is over"
    said = state_of(REF, told("EXPIRED", error={"code": 4, "message": message}))
    assert said.reason == f"it expired before there were machines for it: {message}"


@pytest.mark.parametrize(
    ("timeout", "state", "reason"),
    [
        ("120s", State.FAILED, "time limit of 2 min reached"),
        ("3600s", State.STOPPED, None),
        (None, State.STOPPED, None),
        ("soon", State.STOPPED, None),
    ],
)
def test_a_job_whose_time_was_up_is_told_from_one_that_was_stopped(
    timeout: str | None, state: State, reason: str | None
) -> None:
    spec = {"scheduling": {"timeout": timeout}} if timeout else {}
    said = state_of(REF, told("CANCELLED", jobSpec=spec))
    assert (said.state, said.reason) == (state, reason)


def test_after_a_week_it_is_the_services_own_limit() -> None:
    said = state_of(REF, told("CANCELLED", endTime=at(40 + 7 * 86400)))
    assert said.reason == "time limit of 7 d reached"


@pytest.mark.parametrize(
    ("message", "reason", "code"),
    [
        ("The replica workerpool0-0 exited with a non-zero status of 3. \nTo find", None, 3),
        ("Resources are insufficient in region", "Resources are insufficient in region", None),
        ("", None, None),
    ],
)
def test_what_only_the_job_knows_is_looked_for_later(
    message: str, reason: str | None, code: int | None
) -> None:
    said = state_of(REF, told("FAILED", error={"code": 3, "message": message}))
    assert (said.reason, said.exit_code) == (reason, code)


@pytest.mark.parametrize(
    ("spec", "where"),
    [
        ({}, None),
        ({"workerPoolSpecs": [{"machineSpec": {"machineType": "n1-standard-4"}}]}, "n1-standard-4"),
        (
            {
                "workerPoolSpecs": [
                    {"machineSpec": {"machineType": "g2-standard-8"}, "replicaCount": "1"},
                    {"machineSpec": {"machineType": "g2-standard-8"}, "replicaCount": "3"},
                    {},
                ],
                "scheduling": {"strategy": "SPOT"},
            },
            "4 x g2-standard-8, spot",
        ),
        (
            {
                "workerPoolSpecs": [
                    {
                        "machineSpec": {
                            "machineType": "n1-standard-8",
                            "acceleratorType": "NVIDIA_TESLA_T4",
                            "acceleratorCount": 2,
                        }
                    }
                ],
                "scheduling": {"strategy": "FLEX_START"},
            },
            "n1-standard-8 (2 x T4), flex-start",
        ),
    ],
)
def test_where_it_runs(spec: dict[str, Any], where: str | None) -> None:
    assert state_of(REF, told("RUNNING", jobSpec=spec)).where == where


def test_the_link_leads_to_the_console() -> None:
    link = state_of(REF, told("RUNNING")).link
    page = "agent-platform/locations/europe-west4/training/123?project=p-1"
    assert link == f"https://console.cloud.google.com/{page}"
