from __future__ import annotations

import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from fahr_core import jobs
from fahr_core.errors import (
    AccessError,
    DriverError,
    NotFinished,
    ServiceError,
    UnknownJob,
    UsageError,
)
from fahr_core.ledger import Ledger
from fahr_core.models import Absent, Found, JobRef, Lane, LogLine, State, StopResult
from fahr_core.remote_jobs import find_remote
from fahr_core.session import open_session
from tests.told_driver import Service, distributions, ends_later, send, told

if TYPE_CHECKING:
    from pathlib import Path

    from fahr_core.ledger.record import Record

__all__ = ["distributions", "ends_later", "told"]


@pytest.fixture
def ledger() -> Ledger:
    return Ledger.at_home()


@pytest.fixture
def job(told: Service, tmp_path: Path) -> Record:
    """Give a job that runs at the service."""
    record = send(tmp_path)
    told.calls.clear()
    return record


@pytest.fixture
def queued(told: Service, job: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Record:
    """Give a job that waits on this machine."""
    monkeypatch.setattr("fahr_core.queue.ensure_runner", lambda driver: None)
    told.lane = Lane(name="all", limit=1)
    first = send(tmp_path)
    second = send(tmp_path)
    assert (first.state, second.state) == (State.SUBMITTED, State.QUEUED)
    return second


def say(told: Service, *texts: str) -> None:
    told.lines = [LogLine(text=text, cursor=str(n)) for n, text in enumerate(texts, 1)]


# -- finding ----------------------------------------------------------------------------


def test_a_job_is_found_by_words_or_by_the_folder(
    ledger: Ledger, job: Record, tmp_path: Path
) -> None:
    for word in (job.name, "digits-train", "digits-tr", "digits/train.py", None, ""):
        assert jobs.find(ledger, word, tmp_path).name == job.name
    with pytest.raises(UnknownJob, match=r"did you mean digits-train-1\?"):
        jobs.find(ledger, "digits-trian-1", tmp_path)


def test_a_folder_that_is_a_link_is_the_same_folder(
    ledger: Ledger, job: Record, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "train.py").write_text("")
    (tmp_path / "link").symlink_to(tmp_path / "digits")
    newest = send(tmp_path / "other")
    assert jobs.find(ledger, None, tmp_path / "link").name == job.name
    assert jobs.find(ledger, None, tmp_path).name == newest.name


def test_a_driver_that_has_changed_is_told(job: Record) -> None:
    assert jobs.open_for(job).warnings == []
    with pytest.raises(DriverError, match=r"the train driver .* does not exist"):
        jobs.open_for(replace(job, driver_path="/no/such/driver.py"))


def test_a_changed_driver_file_is_told(job: Record, tmp_path: Path) -> None:
    from tests.distributions import TRAIN

    (tmp_path / "own.py").write_text(TRAIN)
    sent = replace(job, driver_path=str(tmp_path / "own.py"), driver_digest="sha256:0")
    (warning,) = jobs.open_for(sent).warnings
    assert "own.py has changed since digits-train-1 was sent" in warning


# -- jobs of the service's own ----------------------------------------------------------


def test_a_job_that_this_machine_has_no_record_of(told: Service, job: Record) -> None:
    session = open_session("told")
    told.ends(link="https://example.org/7", created=5.0, where="T4 x2")
    record = find_remote(session, "me/kernel")
    assert (record.name, record.driver, record.state) == ("me/kernel", "told", State.COMPLETE)
    assert (record.created, record.where, record.link) == (5.0, "T4 x2", "https://example.org/7")
    assert record.ref == JobRef(driver="told", id="me/kernel")
    assert Ledger.at_home().get("me/kernel") is None


def test_what_the_service_keeps_of_a_job(told: Service, job: Record, ledger: Ledger) -> None:
    kept = ledger.job(job.name)
    told.found = Found(ref=JobRef(driver="told", id="7"), job=kept)
    record = find_remote(open_session("told"), "me/kernel")
    assert kept
    assert (record.run_id, record.artifact) == (kept.run_id, "train.py")


def test_a_service_without_such_a_job(told: Service, job: Record) -> None:
    told.found = Absent(reason="it was deleted")
    with pytest.raises(UsageError, match='told has no job "x"') as problem:
        find_remote(open_session("told"), "x")
    assert problem.value.hints == ("it was deleted",)
    told.can.discard("remote-jobs")
    with pytest.raises(UsageError, match="knows only the jobs in this machine's record"):
        find_remote(open_session("told"), "x")


# -- asking -----------------------------------------------------------------------------


def test_each_driver_is_asked_once(
    told: Service, job: Record, queued: Record, ledger: Ledger
) -> None:
    told.calls.clear()
    jobs.refresh(ledger, ledger.listing()[0])
    assert told.calls == ["job_states"]
    assert ledger.exact(job.name).state is State.RUNNING
    assert ledger.exact(queued.name).state is State.QUEUED
    told.ends()
    jobs.refresh(ledger, [ledger.exact(job.name)])
    told.calls.clear()
    jobs.refresh(ledger, [ledger.exact(job.name)])
    assert told.calls == []  # an ended job is not asked for


def test_only_local_jobs_are_asked_for_without_a_word(
    told: Service, job: Record, ledger: Ledger
) -> None:
    jobs.refresh_local(ledger)
    assert told.calls == []


# -- logs -------------------------------------------------------------------------------


def test_reading_a_log(told: Service, job: Record) -> None:
    session = jobs.open_for(job)
    say(told, "a", "b", "c")
    assert [line.text for line in jobs.read_log(session, job)] == ["a", "b", "c"]
    assert [line.text for line in jobs.read_log(session, job, after="2")] == ["c"]
    assert list(jobs.read_log(session, replace(job, ref=None))) == []


@pytest.mark.parametrize(
    ("tail", "shown"),
    [(None, "abc"), (0, ""), (-1, ""), (1, "c"), (2, "bc"), (4, "abc"), (9, "abc")],
)
def test_following_begins_with_the_last_lines(
    told: Service, job: Record, ledger: Ledger, tail: int | None, shown: str
) -> None:
    say(told, "a", "b", "c")
    told.ends()
    lines = jobs.follow(ledger, job, pytest.fail, tail=tail)
    assert "".join(line.text for line in lines) == shown
    assert ledger.exact(job.name).state is State.COMPLETE  # it is known at the end


def test_following_ends_when_the_service_says_so_and_not_with_the_log(
    told: Service, job: Record, ledger: Ledger, ends_later: None
) -> None:
    say(told, "a")
    assert [line.text for line in jobs.follow(ledger, job, pytest.fail)] == ["a"]
    assert told.calls.count("job_states") == 4
    assert ledger.exact(job.name).state is State.COMPLETE


def test_following_a_job_that_waits_for_its_turn(
    told: Service, queued: Record, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "_LOCAL_PAUSE", 0.01)
    say(told, "a")
    waited: list[str] = []

    def sent_meanwhile(record: Record) -> None:
        waited.append(str(record.state))
        with ledger.file.writing() as db:
            db.execute("UPDATE jobs SET state = 'submitting' WHERE name = ?", [record.name])
        ledger.submitted(record.name, JobRef(driver="told", id=record.run_id))
        told.ends()

    lines = list(jobs.follow(ledger, queued, sent_meanwhile))
    assert [line.text for line in lines] == ["a"]
    assert waited == ["queued"]


def test_following_a_job_that_never_gets_its_turn(queued: Record, ledger: Ledger) -> None:
    assert list(jobs.follow(ledger, queued, lambda r: jobs.stop(ledger, r) and None)) == []
    assert ledger.exact(queued.name).state is State.STOPPED


# -- waiting ----------------------------------------------------------------------------


def after(told: Service, questions: int, **about: Any) -> None:
    """Let the jobs end at this question."""

    def at(hook: str) -> None:
        if hook == "job_states" and told.calls.count("job_states") == questions:
            told.failing = {}
            told.ends(**about)

    told.at = at


def test_waiting_until_the_end(told: Service, job: Record, ledger: Ledger) -> None:
    after(told, 3, state=State.FAILED, reason="why")
    record = jobs.wait(ledger, job)
    assert (record.state, record.reason) == (State.FAILED, "why")
    assert told.calls.count("job_states") == 3
    assert jobs.wait(ledger, job) == record
    assert told.calls.count("job_states") == 3


@pytest.mark.parametrize("timeout", [0, 0.05])
def test_waiting_has_a_limit(told: Service, job: Record, ledger: Ledger, timeout: float) -> None:
    began = time.monotonic()
    with pytest.raises(NotFinished, match=f"{job.name} is still running") as problem:
        jobs.wait(ledger, job, timeout)
    assert timeout <= time.monotonic() - began < 10
    assert problem.value.hints[0] == f"fahr wait {job.name}"
    assert ledger.exact(job.name).state is State.RUNNING


def test_a_network_that_fails_is_waited_out_and_forgiven(
    told: Service, job: Record, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("fahr_core.jobs.time.sleep", pauses.append)
    told.failing = {"job_states": ServiceError("no network")}

    def at(hook: str) -> None:
        if hook == "job_states":
            asked = told.calls.count(hook)
            told.failing = {} if asked == 3 else told.failing
            if asked == 5:
                told.ends()

    told.at = at
    assert jobs.wait(ledger, job).state is State.COMPLETE
    assert pauses == [0.02, 0.04, 0.01, 0.01]


def test_a_driver_that_breaks_is_not_waited_for(told: Service, job: Record, ledger: Ledger) -> None:
    told.failing = {"job_states": ValueError("bad")}
    with pytest.raises(DriverError, match="failed in job_states: ValueError: bad"):
        jobs.wait(ledger, job)


# -- stopping ---------------------------------------------------------------------------


def test_a_running_job_is_asked_to_stop(told: Service, job: Record, ledger: Ledger) -> None:
    told.state = {"state": State.STOPPING}
    assert jobs.stop(ledger, job) == StopResult(outcome="stopping")
    assert told.calls == ["stop_job", "job_states"]
    assert ledger.exact(job.name).state is State.STOPPING


def test_a_job_that_waits_here_is_withdrawn(told: Service, queued: Record, ledger: Ledger) -> None:
    told.calls.clear()
    result = jobs.stop(ledger, queued)
    assert (result.outcome, result.reason) == ("stopped", "it had not been sent yet")
    assert told.calls == []
    assert ledger.exact(queued.name).state is State.STOPPED


@pytest.mark.parametrize(
    ("failing", "left"),
    [
        ({}, ""),
        (
            {"unstage_request": AccessError("not allowed")},
            "; the secrets of {} may still be at told: not allowed",
        ),
    ],
)
def test_a_job_that_is_withdrawn_leaves_no_secrets(
    told: Service,
    ledger: Ledger,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    failing: dict[str, BaseException],
    left: str,
) -> None:
    told.lane = Lane(name="told", limit=0)
    monkeypatch.setenv("TOKEN", "s3cret")
    waiting = send(tmp_path, secrets=["TOKEN"])
    told.calls.clear()
    told.failing = failing
    result = jobs.stop(ledger, waiting)
    assert result.outcome == "stopped"
    assert result.reason == "it had not been sent yet" + left.format(waiting.name)
    assert told.calls == ["unstage_request"]


def test_a_job_that_was_sent_meanwhile_is_asked_to_stop(
    told: Service, queued: Record, ledger: Ledger
) -> None:
    with ledger.file.writing() as db:
        db.execute("UPDATE jobs SET state = 'submitting' WHERE name = ?", [queued.name])
    ledger.submitted(queued.name, JobRef(driver="told", id=queued.run_id))
    assert jobs.stop(ledger, queued).outcome == "stopping"
    assert "stop_job" in told.calls


def test_stopping_is_never_faked(told: Service, job: Record, ledger: Ledger) -> None:
    told.can.discard("stop")
    result = jobs.stop(ledger, job)
    assert (result.outcome, result.reason) == (
        "not-possible",
        "train driver told cannot stop a job",
    )
    told.can.add("stop")
    told.calls.clear()
    with ledger.file.writing() as db:
        db.execute("UPDATE jobs SET state = 'submitting', ref = NULL, owner = NULL")
    result = jobs.stop(ledger, ledger.exact(job.name))
    assert result.reason == "nobody can tell whether it was sent"
    assert told.calls == []


def test_a_job_that_has_ended(told: Service, job: Record, ledger: Ledger) -> None:
    told.ends()
    ended = jobs.wait(ledger, job)
    told.calls.clear()
    assert jobs.stop(ledger, ended) == StopResult(outcome="ended", reason="it was complete already")
    assert told.calls == []


def test_several_that_stop_one_waiting_job_agree(queued: Record, ledger: Ledger) -> None:
    outcomes: list[str] = []
    threads = [
        threading.Thread(target=lambda: outcomes.append(jobs.stop(ledger, queued).outcome))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes == ["stopped"] * 4
    assert ledger.exact(queued.name).state is State.STOPPED


@pytest.mark.parametrize(
    ("state", "waits"), [(s, s in (State.QUEUED, State.SUBMITTING)) for s in State]
)
def test_what_waits_on_this_machine(job: Record, state: State, waits: bool) -> None:
    assert jobs.is_waiting(replace(job, state=state)) is waits
