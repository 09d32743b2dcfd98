"""The state contract: what is said of a job is true, and an end is final."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from fahr_core.models import Capability, Found, State
from fahr_core.testing.fixtures import DriverFixtures
from fahr_core.testing.promises import broken, need
from fahr_core.testing.scripts import FAILING, NOTHING

if TYPE_CHECKING:
    from collections.abc import Callable

    from fahr_core.models import JobRef, JobState
    from fahr_core.session import Session

__all__ = ["StateContract"]

#: What a service may say; the others are this machine's.
_FROM_SERVICE = {
    State.SUBMITTED,
    State.RUNNING,
    State.STOPPING,
    State.COMPLETE,
    State.FAILED,
    State.STOPPED,
}


class StateContract(DriverFixtures):
    """States are the same words everywhere, and the last one stays."""

    def test_a_job_goes_through_known_states_to_complete(
        self, session: Session, send: Callable[..., JobRef]
    ) -> None:
        """A sound script is complete in the end, and was nothing that only this machine can say."""
        ref = send(NOTHING)
        seen: list[JobState] = []
        limit = time.monotonic() + self.wait_timeout
        while not seen or not seen[-1].state.final:
            assert time.monotonic() < limit, broken("a job ends", seen[-1])
            seen.extend(session.job_states([ref]))
            time.sleep(min(session.info.poll, 1.0))
        foreign = {state.state for state in seen} - _FROM_SERVICE
        assert not foreign, broken("a service tells only what it can know", foreign)
        last = seen[-1]
        assert last.state is State.COMPLETE, broken("a sound script is complete", last)
        assert last.ref == ref, broken("a state says which job it is of", last)
        assert last.exit_code in (0, None), broken("a complete job's exit code is 0", last)
        if last.started and last.ended:
            assert last.started <= last.ended, broken("a job ends after it starts", last)

    def test_an_end_is_final(
        self, session: Session, send: Callable[..., JobRef], ended: Callable[[JobRef], JobState]
    ) -> None:
        """Asked again, a job that has ended has the same state, reason, exit code and times."""
        first = ended(send(FAILING))
        (again,) = session.job_states([first.ref])
        for name in ("state", "reason", "exit_code", "started", "ended"):
            pair = (getattr(first, name), getattr(again, name))
            assert pair[0] == pair[1], broken(f"the {name} of a job that has ended stays", pair)

    def test_a_failure_has_its_reason(
        self, send: Callable[..., JobRef], ended: Callable[[JobRef], JobState]
    ) -> None:
        """A script that raises is failed; the reason names the exception, the code is not 0."""
        last = ended(send(FAILING))
        assert last.state is State.FAILED, broken("a script that raises is failed", last)
        assert last.exit_code != 0, broken("a failed job's exit code is not 0", last)
        named = "ValueError: no digits in the data" in (last.reason or "")
        assert named, broken("the reason of a failure names the exception", last)

    def test_an_exit_code_is_a_failure(
        self, send: Callable[..., JobRef], ended: Callable[[JobRef], JobState]
    ) -> None:
        """A script that exits with another code than 0 is failed, with a reason."""
        last = ended(send("raise SystemExit(3)"))
        assert last.state is State.FAILED, broken("a script that exits with 3 is failed", last)
        assert last.exit_code in (3, None), broken("the exit code is the script's", last)
        assert last.reason, broken("a failure has a reason", last)

    def test_an_unknown_job_is_failed_and_no_error(
        self,
        session: Session,
        send: Callable[..., JobRef],
        unknown_ref: Callable[[JobRef], JobRef],
    ) -> None:
        """A job that the service does not know any more is failed, and the reason says so."""
        unknown = unknown_ref(send(NOTHING))
        (state,) = session.job_states([unknown])
        assert state.state is State.FAILED, broken("an unknown job is failed", state)
        assert state.reason, broken("that a job is unknown is its reason", state)

    def test_a_job_is_listed_and_found_by_its_name(
        self, session: Session, send: Callable[..., JobRef], ended: Callable[[JobRef], JobState]
    ) -> None:
        """The service's own list holds the job, newest first, and ``find_job`` takes its name."""
        need(session, Capability.REMOTE_LIST)
        ref = send(NOTHING)
        ended(ref)
        with session.list_jobs(self.settings) as jobs:
            newest = [job for job, _ in zip(jobs, range(20), strict=False)]
        mine = [job for job in newest if job.state.ref.id == ref.id]
        assert len(mine) == 1, broken("a job is in its service's list, once", newest)
        found = session.find_job(mine[0].name, self.settings)
        known = isinstance(found, Found) and found.ref.id == ref.id
        assert known, broken("a listed job is found by its name", found)

    def test_many_jobs_are_answered_in_order(
        self,
        session: Session,
        send: Callable[..., JobRef],
        ended: Callable[[JobRef], JobState],
        unknown_ref: Callable[[JobRef], JobRef],
    ) -> None:
        """``job_states`` gives one answer for each job asked for, in the order of the question."""
        assert list(session.job_states([])) == [], broken("no job, no answer")
        good, bad = send(NOTHING), send(FAILING)
        ended(good)
        ended(bad)
        asked = [bad, unknown_ref(good), good, bad]
        answers = session.job_states(asked)
        promise = "each job is answered, in the order of the question"
        assert [state.ref for state in answers] == asked, broken(promise, answers)
        states = [state.state for state in answers]
        expected = [State.FAILED, State.FAILED, State.COMPLETE, State.FAILED]
        assert states == expected, broken(promise, states)
