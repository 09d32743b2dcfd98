"""The logs contract: what a job prints is read whole, in order, each line once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from fahr_core.models import Capability, State
from fahr_core.testing.fixtures import DriverFixtures, texts
from fahr_core.testing.promises import broken, need, within
from fahr_core.testing.scripts import FAILING, LIVE, PRINTED, PRINTING

if TYPE_CHECKING:
    from collections.abc import Callable

    from fahr_core.models import JobRef, JobState
    from fahr_core.session import Session
    from fahr_core.testing.fixtures import Lines

__all__ = ["LogsContract"]


class LogsContract(DriverFixtures):
    """A log has every line, in order, each once; the service may add lines of its own."""

    def test_every_line_comes_once_and_in_order(
        self, send: Callable[..., JobRef], ended: Callable[[JobRef], JobState], lines: Lines
    ) -> None:
        """What the script printed is there as it was: unicode, long lines, none twice."""
        ref = send(PRINTING)
        ended(ref)
        got = [text for text in texts(lines(ref)) if text in PRINTED]
        missing = [text[:40] for text in PRINTED if text not in got]
        assert not missing, broken("every line of a job comes", missing)
        assert len(got) == len(set(got)), broken("a job's lines come each once", got)
        assert got == PRINTED, broken("a job's lines come in order", got)

    def test_reading_goes_on_after_a_cursor(
        self, send: Callable[..., JobRef], ended: Callable[[JobRef], JobState], lines: Lines
    ) -> None:
        """Reading from after a line's cursor gives what came after it, and nothing twice."""
        ref = send(PRINTING)
        ended(ref)
        whole = lines(ref)
        if not any(line.cursor for line in whole):
            pytest.skip("the log lines have no cursor")
        for at in {0, len(whole) // 2, len(whole) - 1}:
            rest = texts(lines(ref, after=whole[at].cursor))
            wanted = texts(whole[at + 1 :])
            assert rest == wanted, broken("a log goes on right after the cursor", f"line {at}")

    def test_the_last_lines_alone(
        self,
        session: Session,
        send: Callable[..., JobRef],
        ended: Callable[[JobRef], JobState],
        lines: Lines,
    ) -> None:
        """Who asks for the last lines has them at the end of what comes, the very last too."""
        ref = send(PRINTING)
        ended(ref)
        whole = texts(lines(ref))
        with session.logs(ref, follow=False, after=None, last=3) as given:
            got = list(given)
        promise = "the last lines come when they alone are asked for"
        assert texts(got)[-3:] == whole[-3:], broken(promise, texts(got))
        if got[-1].cursor:
            rest = texts(lines(ref, after=got[-1].cursor))
            assert rest == [], broken("the last line's cursor is at the end of the log", rest)

    def test_following_ends_when_the_job_has_ended(
        self, session: Session, send: Callable[..., JobRef], lines: Lines
    ) -> None:
        """``follow`` gives all lines up to the last one, then ends, and the job has ended."""
        ref = send(PRINTING)
        got = [text for text in texts(lines(ref, follow=True)) if text in PRINTED]
        assert got == PRINTED, broken("following gives every line, in order, each once", got)
        (state,) = session.job_states([ref])
        assert state.state.final, broken("following ends with the job and not before", state)

    def test_following_a_job_that_has_ended_ends(
        self, send: Callable[..., JobRef], ended: Callable[[JobRef], JobState], lines: Lines
    ) -> None:
        """Of a job that has ended ``follow`` gives the whole log and does not wait."""
        ref = send(PRINTING)
        ended(ref)
        got = [text for text in texts(lines(ref, follow=True)) if text in PRINTED]
        assert got == PRINTED, broken("following gives every line, in order, each once", got)

    def test_lines_come_while_the_job_runs(
        self, session: Session, send: Callable[..., JobRef]
    ) -> None:
        """A line can be read before the job has ended."""
        need(session, Capability.LIVE_LOGS)
        ref = send(LIVE)

        def first_line() -> State:
            with session.logs(ref, follow=True, after=None) as lines:
                for line in lines:
                    if line.text == "first":
                        return session.job_states([ref])[0].state
            return State.COMPLETE

        promise = "a job's lines can be read while it runs"
        state = within(self.start_timeout, promise, first_line)
        assert not state.final, broken(promise, f"the job was {state} at its first line")

    def test_closing_early_leaves_the_job_alone(
        self,
        session: Session,
        send: Callable[..., JobRef],
        ended: Callable[[JobRef], JobState],
    ) -> None:
        """Who stops reading disturbs neither the job nor a later reader."""
        ref = send(LIVE)

        def one_line() -> bool:
            with session.logs(ref, follow=True, after=None) as lines:
                next(lines, None)
            return True

        within(self.wait_timeout, "a log can be closed early", one_line)
        state = ended(ref)
        left_alone = state.state is State.COMPLETE
        assert left_alone, broken("a job goes on when nobody reads its log", state)

    def test_a_failing_job_shows_its_traceback(
        self, send: Callable[..., JobRef], ended: Callable[[JobRef], JobState], lines: Lines
    ) -> None:
        """What the script wrote to stderr is in the log, the traceback with its own file too."""
        ref = send(FAILING)
        ended(ref)
        text = "\n".join(texts(lines(ref)))
        for part in ("before", "Traceback", "train.py", "ValueError: no digits in the data"):
            assert part in text, broken("the log of a failed job has its traceback", text)
