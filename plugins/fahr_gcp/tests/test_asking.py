from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.clouds.faults import Fault

from fahr_core.errors import AccessError, ServiceError
from fahr_core.models import State
from fahr_gcp import client
from fahr_gcp.states import job_states
from placed_jobs import EPOCH, ID, failed, left, placed, printed, ref_of, service_says

if TYPE_CHECKING:
    from tests.clouds.gcp.cloud import Cloud

    from fahr_core.models import JobRef, JobState

EXITED = "The replica {} exited with a non-zero status of {}. \nTo find out more about why ..."
PLACE = f"gs://models/runs/{ID}"


def state(ref: JobRef | None = None) -> JobState:
    (said,) = job_states([ref or ref_of(place=PLACE)])
    return said


def test_many_jobs_are_answered_in_order(gcp: Cloud) -> None:
    for number in range(12):
        placed(gcp, "RUNNING" if number % 2 else "PENDING", number=str(number))
    refs = [ref_of(name) for name in [*map(str, range(12)), "42", "0"]]
    answers = job_states(refs)
    assert [answer.ref for answer in answers] == refs
    words = [answer.state for answer in answers]
    assert words == [State.SUBMITTED, State.RUNNING] * 6 + [State.FAILED, State.SUBMITTED]
    assert job_states([]) == []


@pytest.mark.parametrize("number", ["42", "42-never-was", "x/../y"])
def test_an_unknown_job_is_failed(gcp: Cloud, number: str) -> None:
    said = state(ref_of(number))
    assert said.state is State.FAILED
    assert number in (said.reason or "")


def test_credentials_that_are_renewed_count_from_the_next_question_on(gcp: Cloud) -> None:
    placed(gcp)
    assert state().state is State.RUNNING
    gcp.accounts.reset()  # the token that the client holds is known no more
    assert state().state is State.RUNNING


def test_a_service_that_stays_away_is_said(gcp: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "_LONGEST_PAUSE", 0.01)
    gcp.faults.add("aiplatform:*", Fault.UNAVAILABLE, times=float("inf"))
    with pytest.raises(ServiceError):
        state()


def test_a_missing_permission_is_said(gcp: Cloud) -> None:
    gcp.deny("aiplatform.customJobs.get")
    with pytest.raises(AccessError, match=r"aiplatform\.customJobs\.get"):
        state()


class TestReason:
    def test_the_job_itself_has_left_it_in_the_bucket(self, gcp: Cloud) -> None:
        failed(gcp, EXITED.format("workerpool1-0", 1), replicas=2)
        left(gcp, "fahr/failure-0.txt", b"the other one went away")
        left(gcp, "fahr/failure-1.txt", "KeyError: 'läbel'  train.py:4".encode())
        said = state()
        assert (said.reason, said.exit_code) == ("KeyError: 'läbel'  train.py:4", 1)
        assert not gcp.called("logging:entries.list")

    def test_else_the_launcher_has_printed_it(self, gcp: Cloud) -> None:
        failed(gcp, EXITED.format("workerpool0-0", 1))
        printed(gcp, (1, "Traceback ..."), (2, "fahr: KeyError: 'label'  train.py:4"), err=True)
        service_says(gcp, "Job failed.")
        assert state().reason == "KeyError: 'label'  train.py:4"

    def test_else_the_last_lines_tell_it(self, gcp: Cloud) -> None:
        failed(gcp, EXITED.format("workerpool0-0", 137))
        printed(gcp, *[(number, f"line {number}") for number in range(1, 9)])
        service_says(gcp, "Job failed.")
        first, *rest = (state().reason or "").splitlines()
        assert first == "exit status 137 (killed: out of memory?)"
        assert rest == [f"line {number}" for number in range(4, 9)]

    def test_the_lines_are_those_of_the_replica_that_failed(self, gcp: Cloud) -> None:
        failed(gcp, EXITED.format("workerpool1-0", 3))
        printed(gcp, (1, "boom"), task="workerpool1-0")
        printed(gcp, (2, "fine"), task="workerpool0-0")
        assert (state().reason or "").splitlines() == ["exit status 3", "boom"]

    def test_what_the_service_adds_is_kept(self, gcp: Cloud) -> None:
        words = "Termination reason: Error. \nTraceback (most recent call last):\nKeyError: 'x'"
        failed(gcp, f"The replica workerpool0-0 exited with a non-zero status of 1. {words}")
        assert "KeyError: 'x'" in (state().reason or "")

    def test_a_log_that_cannot_be_read_is_said(self, gcp: Cloud) -> None:
        gcp.deny("logging.logEntries.list")
        gcp.deny("storage.objects.list")
        failed(gcp, EXITED.format("workerpool0-0", 1))
        reason = state().reason or ""
        assert reason.startswith("exit status 1\n(its log cannot be read: ")

    def test_lines_that_are_on_their_way_are_waited_for(self, gcp: Cloud) -> None:
        gcp.logs.delay = 1.5
        failed(gcp, EXITED.format("workerpool0-0", 1))
        printed(gcp, (1, "the end is near"))
        assert state().reason == "exit status 1\nthe end is near"

    def test_a_job_that_printed_nothing_is_said_to(self, gcp: Cloud) -> None:
        failed(gcp, EXITED.format("workerpool0-0", 1)).ended = EPOCH
        assert state().reason == "exit status 1\n(it printed nothing)"

    def test_machines_that_are_not_to_be_had_are_the_services_own_words(self, gcp: Cloud) -> None:
        message = "Resources are insufficient in region: europe-west4."
        failed(gcp, message, code=8)
        assert state().reason == message
        assert not gcp.called("logging:entries.list")
