"""The stop contract: a job that is stopped is asked first, and has stopped in the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fahr_core.models import Capability, State
from fahr_core.testing.fixtures import DriverFixtures, texts
from fahr_core.testing.promises import broken, need, within
from fahr_core.testing.scripts import NOTHING, STOPPABLE, WAITING

if TYPE_CHECKING:
    from collections.abc import Callable

    from fahr_core.models import JobRef, JobState, StopResult
    from fahr_core.session import Session
    from fahr_core.testing.fixtures import Lines

__all__ = ["StopContract"]


class StopContract(DriverFixtures):
    """A driver that declares ``stop`` stops jobs; one that cannot does not declare it."""

    def test_the_script_is_asked_to_end(
        self,
        session: Session,
        send: Callable[..., JobRef],
        ready: Callable[[JobRef], None],
        ended: Callable[[JobRef], JobState],
        lines: Lines,
    ) -> None:
        """SIGTERM reaches the script, which has time to save what it has."""
        need(session, Capability.STOP)
        ref = send(STOPPABLE)
        ready(ref)
        self.stop(session, ref)
        state = ended(ref)
        assert state.state is State.STOPPED, broken("a job that was stopped is stopped", state)
        caught = "caught SIGTERM" in texts(lines(ref))
        assert caught, broken("SIGTERM reaches the script", texts(lines(ref)))

    def test_stopping_twice_is_no_error(
        self,
        session: Session,
        send: Callable[..., JobRef],
        ready: Callable[[JobRef], None],
        ended: Callable[[JobRef], JobState],
    ) -> None:
        """A second stop, at once or after the end, changes nothing."""
        need(session, Capability.STOP)
        ref = send(WAITING)
        ready(ref)
        self.stop(session, ref)
        self.stop(session, ref)
        first = ended(ref)
        assert first.state is State.STOPPED, broken("a job that was stopped is stopped", first)
        self.stop(session, ref)
        (again,) = session.job_states([ref])
        assert again.state is State.STOPPED, broken("a stopped job stays stopped", again)

    def test_a_job_that_has_ended_stays_as_it_is(
        self, session: Session, send: Callable[..., JobRef], ended: Callable[[JobRef], JobState]
    ) -> None:
        """Stopping a complete job leaves it complete, and says that it had ended."""
        need(session, Capability.STOP)
        ref = send(NOTHING)
        ended(ref)
        result = self.stop(session, ref)
        assert result.outcome == "ended", broken("a complete job was not stopped", result)
        (state,) = session.job_states([ref])
        assert state.state is State.COMPLETE, broken("a complete job stays complete", state)

    def stop(self, session: Session, ref: JobRef) -> StopResult:
        """Stop a job and check what is told of it."""
        promise = "stopping says what was done: stopped, stopping or ended"
        result = within(self.wait_timeout, promise, lambda: session.stop_job(ref))
        assert result.outcome in ("stopped", "stopping", "ended"), broken(promise, result)
        return result
