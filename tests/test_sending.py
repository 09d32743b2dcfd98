from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from fahr_core import queue, sending
from fahr_core.errors import AccessError, DiskError, FahrError, ServiceError
from fahr_core.jobs import open_for
from fahr_core.ledger import Ledger
from fahr_core.models import Absent, Found, JobRef, Lane, Refused, State, Unknown
from fahr_core.reporter import Quiet
from fahr_core.settlement import settle
from tests import ledgers
from tests.told_driver import Listener, Service, distributions, send, told

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["distributions", "told"]


@pytest.fixture
def ledger() -> Ledger:
    return Ledger.at_home()


@pytest.fixture
def runners(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Give the drivers for which a runner was wanted, and start none."""
    wanted: list[str] = []
    monkeypatch.setattr(queue, "ensure_runner", wanted.append)
    return wanted


def is_recorded(ledger: Ledger) -> bool:
    """Tell whether anything is in the ledger, be it invisible."""
    return bool(ledger.file.select("SELECT 1 FROM jobs", []))


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ServiceError("lost"), AccessError("old")])
def test_a_job_whose_sending_was_interrupted_is_settled_and_not_sent_again(
    told: Service, tmp_path: Path, ledger: Ledger, error: BaseException
) -> None:
    told.failing = {"submit_jobs": error}
    with pytest.raises(type(error)):
        send(tmp_path)
    record = ledger.exact("digits-train-1")
    assert (record.state, record.owner) == (State.SUBMITTING, None)
    told.failing = {}
    settle(ledger, open_for, again_after=0)
    assert ledger.exact(record.name).state is State.SUBMITTED
    assert told.requests == []
    assert send(tmp_path).name == "digits-train-2"


def test_a_sent_job_that_cannot_be_recorded_is_told_and_found_later(
    told: Service, tmp_path: Path, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*about: object) -> None:
        raise DiskError("cannot use the ledger: the disk is full", "free some room")

    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "submitted", full)
        with pytest.raises(DiskError) as problem:
            send(tmp_path)
    said, *hints = str(problem.value).splitlines()
    assert said.startswith("digits-train-1 was sent to told and runs, but that cannot be recorded")
    assert said.endswith("the disk is full")
    assert hints == [
        "  free some room",
        "  fahr status digits-train-1    asks for it then; it is never sent twice",
        "  https://example.org/digits-train-1",
    ]
    settle(ledger, open_for, mine=True)
    assert ledger.exact("digits-train-1").state is State.SUBMITTED
    assert told.requests == told.requests[:1]


def test_an_interrupted_sending_that_cannot_be_recorded_is_told(
    told: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*about: object) -> None:
        raise DiskError("cannot use the ledger: the disk is full")

    told.failing = {"submit_jobs": ServiceError("lost")}
    monkeypatch.setattr(Ledger, "unknown", full)
    with pytest.raises(DiskError, match="told may have digits-train-1, but that cannot"):
        send(tmp_path)


def test_a_lost_answer_is_asked_for(told: Service, tmp_path: Path) -> None:
    told.answers = [Unknown(reason="no answer")]
    told.found = Found(ref=JobRef(driver="told", id="7"), link="https://example.org/7")
    record = send(tmp_path)
    assert told.calls[-2:] == ["submit_jobs", "find_submission"]
    assert (record.state, record.link) == (State.SUBMITTED, "https://example.org/7")
    assert record.ref
    assert record.ref.id == "7"


def test_a_job_that_certainly_did_not_arrive_is_forgotten(
    told: Service, tmp_path: Path, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", "s3cret")
    told.answers = [Unknown(reason="the line broke")]
    told.found = Absent(reason="never seen")
    with pytest.raises(ServiceError, match="did not reach told: the line broke") as problem:
        send(tmp_path, secrets=["TOKEN"])
    assert problem.value.hints == ("nothing was started",)
    assert told.secrets == {}
    assert not is_recorded(ledger)


def test_a_job_that_nobody_can_tell_of_stays_and_is_not_sent_again(
    told: Service, tmp_path: Path, ledger: Ledger
) -> None:
    told.answers = [Unknown(reason="the line broke")]
    told.found = Unknown(reason="it is still broken")
    with pytest.raises(ServiceError, match="nobody can tell whether told has digits-train-1"):
        send(tmp_path)
    record = ledger.exact("digits-train-1")
    assert (record.state, record.owner) == (State.SUBMITTING, None)
    assert record.reason == "the line broke"


def test_a_service_that_cannot_be_asked_leaves_a_job_that_others_settle(
    told: Service, tmp_path: Path, ledger: Ledger
) -> None:
    told.answers = [Unknown(reason="the line broke")]
    told.failing = {"find_submission": ServiceError("still broken")}
    with pytest.raises(ServiceError, match="still broken"):
        send(tmp_path)
    assert ledger.exact("digits-train-1").owner is None  # this process goes on living


def test_a_refused_job_is_forgotten(told: Service, tmp_path: Path, ledger: Ledger) -> None:
    told.answers = [Refused(reason="no such machine", hints=("fahr fit -c machine=small",))]
    with pytest.raises(FahrError, match="told refused digits-train-1: no such machine") as problem:
        send(tmp_path)
    assert problem.value.hints == ("fahr fit -c machine=small", "nothing was started")
    assert problem.value.exit_status == 2
    assert not is_recorded(ledger)


def test_a_busy_service_makes_a_job_wait(
    told: Service, tmp_path: Path, runners: list[str], ledger: Ledger
) -> None:
    told.answers = [Refused(reason="2 sessions run", busy=True)]
    listener = Listener()
    record = send(tmp_path, listener)
    assert (record.state, record.reason) == (State.QUEUED, "2 sessions run")
    assert runners == ["told"]
    assert listener.said["queued"] == "2 sessions run; it is sent in its turn"
    assert ledger.request(record.name)


# -- a lane that is full ----------------------------------------------------------------


def test_a_job_that_ended_while_nobody_looked_makes_room(
    told: Service, tmp_path: Path, runners: list[str]
) -> None:
    told.lane = Lane(name="all", limit=1)
    send(tmp_path)
    assert send(tmp_path).state is State.QUEUED
    told.ends()
    told.calls.clear()
    third = send(tmp_path)
    assert "job_states" in told.calls
    assert third.state is State.QUEUED  # behind the second, which comes first
    assert runners == ["told"] * 2


def test_a_driver_is_not_asked_for_the_jobs_of_another_of_its_name(
    told: Service, tmp_path: Path, ledger: Ledger
) -> None:
    told.lane = Lane(name="all", limit=1)
    others = send(tmp_path)
    with ledger.file.writing() as db:
        db.execute("UPDATE jobs SET driver_path = '/home/me/told.py'")
    told.ends()
    assert send(tmp_path).state is State.SUBMITTED
    assert "job_states" not in told.calls
    assert ledger.exact(others.name).state is State.SUBMITTED


def test_nobody_is_asked_while_there_is_room(told: Service, tmp_path: Path) -> None:
    told.lane = Lane(name="all", limit=2)
    send(tmp_path)
    assert send(tmp_path).state is State.SUBMITTED
    assert "job_states" not in told.calls


def test_a_job_to_be_attended_to_gets_a_runner_when_it_is_sent(
    ledger: Ledger, runners: list[str]
) -> None:
    reserved = ledger.reserve("digits-train", **ledgers.PLACE)
    request = ledgers.request_for(reserved, attended=True)
    ledger.intend(request.name, request.job, request)
    assert ledger.launch(request.name) is State.SUBMITTING
    assert runners == []
    sending.send(ledger, ledgers.Service(), request, Quiet())
    assert runners == ["local"]
    assert ledger.exact(request.name).attended
