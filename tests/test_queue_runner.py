import os
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from fahr_core import queue_runner
from fahr_core.errors import AccessError, DiskError, DriverError, FahrError, ServiceError
from fahr_core.ledger import Ledger
from fahr_core.models import Absent, Lane, Refused, State, Unknown
from fahr_core.queue_runner import Runner
from tests.ledgers import Service, intend, ref_of, said, send

LANE = Lane(name="cores", limit=2)


@pytest.fixture
def ledger(tmp_path):
    return Ledger(tmp_path / "ledger.sqlite3")


def waiting(ledger, count=1, lane=LANE):
    names = [intend(ledger, lane=lane) for _ in range(count)]
    for name in names:
        if ledger.launch(name) is State.SUBMITTING:
            ledger.requeue(name)
    return names


def run(ledger, service):
    Runner("local", ledger, service).run()
    return service


def states(ledger):
    return [(record.state, record.reason) for record in ledger.listing()[0]]


def test_all_are_sent_in_order_and_never_too_many_at_once(ledger):
    names = waiting(ledger, 9)
    service = run(ledger, Service())
    assert service.sent == names
    assert service.most == 2


def test_jobs_at_the_service_already_count(ledger):
    running = [intend(ledger, lane=LANE) for _ in range(2)]
    for name in running:
        ledger.launch(name)
        ledger.submitted(name, ref_of(name))
    (last,) = waiting(ledger)
    service = run(ledger, Service())
    assert service.sent == [last]
    assert {ledger.get(name).state for name in running} == {State.COMPLETE}


def test_a_job_to_be_attended_to_is_asked_for_until_it_ends(ledger):
    name, other = send(ledger, attended=True), send(ledger)
    assert ledger.drivers_with_work() == ["local"]
    service = run(ledger, Service(questions=5))
    assert service.asked == {name: 5}
    assert ledger.get(name).state is State.COMPLETE
    assert ledger.get(other).state is State.SUBMITTED
    assert ledger.drivers_with_work() == []


def test_the_longer_nothing_happens_the_rarer_are_the_questions(ledger, monkeypatch):
    now, pauses = [0.0], []

    def sleep(seconds):
        pauses.append(seconds)
        now[0] += seconds

    monkeypatch.setattr(queue_runner.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(queue_runner.time, "sleep", sleep)
    send(ledger, attended=True)
    service = Service(questions=400)
    service.info = replace(service.info, poll=1.0)
    run(ledger, service)
    assert pauses[0] == 1.0
    assert pauses[-1] == 12.0
    # The first answer told that it runs; nothing happened from there on.
    assert pauses == sorted(pauses)


def test_a_busy_service_is_asked_again(ledger):
    names = waiting(ledger, 2)
    service = run(ledger, Service(Refused(reason="full", busy=True), Refused(reason="", busy=True)))
    assert service.sent == names


def test_a_refused_job_fails_with_the_reason_and_the_next_is_sent(ledger):
    names = waiting(ledger, 2)
    service = run(ledger, Service(Refused(reason="no such machine")))
    assert service.sent == names[1:]
    assert states(ledger)[1] == (State.FAILED, "no such machine")


@pytest.mark.parametrize(
    ("error", "reason"),
    [(RuntimeError("boom"), "RuntimeError: boom"), (DriverError("broken driver"), "broken driver")],
)
def test_a_driver_that_breaks_fails_its_job_only(ledger, error, reason):
    names = waiting(ledger, 2)
    service = run(ledger, Service(error))
    assert service.sent == names[1:]
    assert states(ledger)[1] == (State.FAILED, reason)


@pytest.mark.parametrize("error", [ServiceError("network down"), AccessError("token expired")])
def test_a_failing_network_and_expired_credentials_are_waited_out(ledger, error):
    names = waiting(ledger, 3)
    service = run(ledger, Service(error, error))
    assert service.sent == names


def test_a_driver_that_cannot_be_opened_fails_its_jobs(ledger):
    waiting(ledger, 2)

    def broken(record):
        raise DriverError("no such driver")

    Runner("local", ledger, broken).run()
    assert states(ledger) == [(State.FAILED, "no such driver")] * 2


def test_a_lost_answer_is_found_and_never_sent_again(ledger):
    names = waiting(ledger, 2)

    class Lossy(Service):
        def submit_jobs(self, requests):
            answer = super().submit_jobs(requests)
            return [Unknown(reason="lost")] if len(self.sent) == 1 else answer

    service = Lossy()
    service.found = [Unknown(reason="still lost"), ServiceError("down")]
    run(ledger, service)
    assert service.sent == names
    assert ledger.get(names[0]).state in (State.SUBMITTED, State.RUNNING, State.COMPLETE)


def test_a_lost_request_is_sent_again(ledger):
    names = waiting(ledger)
    service = Service(Unknown(reason="lost"))
    service.found = [Unknown(reason="lost"), Absent()]
    assert run(ledger, service).sent == names


def test_an_error_after_sending_is_no_second_sending(ledger):
    (name,) = waiting(ledger)

    class Forgetful(Service):
        def submit_jobs(self, requests):
            super().submit_jobs(requests)
            raise RuntimeError("after sending")

    assert run(ledger, Forgetful()).sent == [name]
    assert ledger.get(name).state is State.SUBMITTED


def test_what_nobody_can_ever_tell_does_not_keep_the_runner(ledger):
    (name,) = waiting(ledger)
    service = Service(Unknown(reason="lost"))
    service.found = [Unknown(reason=f"lost {n}") for n in range(100)]
    run(ledger, service)
    record = ledger.get(name)
    assert (record.state, record.owner) == (State.SUBMITTING, None)
    assert record.reason.startswith("lost")


def test_questions_that_fail_are_repeated(ledger):
    names = waiting(ledger, 4)

    class Shaky(Service):
        failures = 3

        def job_states(self, refs):
            self.failures -= 1
            if self.failures >= 0:
                raise ServiceError("down")
            return super().job_states(refs)

    assert run(ledger, Shaky()).sent == names


@pytest.mark.parametrize("count", [1, 2])
def test_a_disk_that_fills_up_while_recording_loses_no_job(ledger, monkeypatch, count):
    names = waiting(ledger, count, Lane(name="one", limit=1))
    record = Ledger.submitted
    failures = [DiskError("full")] * 3

    def submitted(self, *arguments):
        if failures:
            raise failures.pop()
        record(self, *arguments)

    monkeypatch.setattr(Ledger, "submitted", submitted)
    service = run(ledger, Service())
    assert service.sent == names
    assert not ledger.unsettled(again_after=-60, mine=True)


def test_a_damaged_ledger_ends_the_runner(ledger):
    waiting(ledger)
    ledger.file.path.write_bytes(b"no database at all" * 100)
    with pytest.raises(FahrError, match="damaged"):
        Runner("local", ledger, Service()).run()


class LaneMachine(RuleBasedStateMachine):
    """Any order of what processes may do keeps the lanes, the queue's order and what ended."""

    lanes = (Lane(name="gpu", limit=1), Lane(name="cpu", limit=2))
    active = (State.SUBMITTING, State.SUBMITTED, State.RUNNING)

    def __init__(self):
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.ledger = Ledger(Path(self.folder.name) / "ledger.sqlite3")
        self.lane_of = {}
        self.states = {}
        self.from_queue = set()

    def teardown(self):
        self.folder.cleanup()

    def those(self, *states):
        return [name for name, state in self.states.items() if state in states]

    def room(self, lane):
        busy = [n for n in self.those(*self.active) if self.lane_of[n] == lane]
        return len(busy) < lane.limit

    @rule(lane=st.sampled_from(lanes))
    def launch(self, lane):
        name = intend(self.ledger, lane=lane)
        waits = [n for n in self.those(State.QUEUED) if self.lane_of[n] == lane]
        expected = State.SUBMITTING if self.room(lane) and not waits else State.QUEUED
        self.lane_of[name] = lane
        assert self.ledger.launch(name) is expected
        self.states[name] = expected
        if expected is State.QUEUED:
            self.from_queue.add(name)

    @rule()
    def next_queued(self):
        record = self.ledger.next_queued("local")
        ready = [n for n in self.those(State.QUEUED) if self.room(self.lane_of[n])]
        assert (record.name if record else None) == (ready[0] if ready else None)
        if record:
            assert record.owner.pid == os.getpid()
            self.states[record.name] = State.SUBMITTING

    @precondition(lambda self: self.those(State.SUBMITTING))
    @rule(data=st.data(), answer=st.sampled_from(["submitted", "refused", "absent", "requeue"]))
    def answer(self, data, answer):
        name = data.draw(st.sampled_from(self.those(State.SUBMITTING)))
        arguments = {"submitted": [ref_of(name)], "refused": ["no"]}.get(answer, [])
        getattr(self.ledger, answer)(name, *arguments)
        queued = name in self.from_queue
        if answer == "submitted":
            self.states[name] = State.SUBMITTED
        elif answer == "requeue" or (answer == "absent" and queued):
            self.states[name] = State.QUEUED
            self.from_queue.add(name)
        elif queued:
            self.states[name] = State.FAILED
        else:
            del self.states[name]

    @precondition(lambda self: self.those(State.SUBMITTING))
    @rule(data=st.data())
    def unknown(self, data):
        name = data.draw(st.sampled_from(self.those(State.SUBMITTING)))
        self.ledger.unknown(name, "lost")
        assert name in {record.name for record in self.ledger.unsettled(-1)}

    @precondition(lambda self: self.states)
    @rule(data=st.data(), state=st.sampled_from(["submitted", "running", "complete", "stopped"]))
    def observe(self, data, state):
        name = data.draw(st.sampled_from(sorted(self.states)))
        self.ledger.update(said(name, State(state)))
        if self.states[name] in (State.SUBMITTED, State.RUNNING):
            self.states[name] = State(state)

    @precondition(lambda self: self.states)
    @rule(data=st.data())
    def withdraw(self, data):
        name = data.draw(st.sampled_from(sorted(self.states)))
        assert self.ledger.withdraw(name) == (self.states[name] is State.QUEUED)
        if self.states[name] is State.QUEUED:
            self.states[name] = State.STOPPED

    @invariant()
    def the_ledger_agrees(self):
        records, total = self.ledger.listing()
        assert {record.name: record.state for record in records} == self.states
        assert total == len(self.states)
        for lane in self.lanes:
            busy = [n for n in self.those(*self.active) if self.lane_of[n] == lane]
            assert len(busy) <= lane.limit


LaneMachine.TestCase.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
TestLanes = LaneMachine.TestCase
