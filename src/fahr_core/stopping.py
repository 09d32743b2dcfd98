"""Stopping a job at its service: once, whatever it does in the meantime."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fahr_core.errors import FahrError
from fahr_core.models import State, StopResult

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["result_of", "stop_unless_done"]


def result_of(state: State) -> StopResult:
    """Say what asking a job to stop comes to, by the state that it has by then."""
    if state.final and state is not State.STOPPED:
        return StopResult(outcome="ended", reason=f"it was {state} already")
    return StopResult(outcome="stopped" if state.final else "stopping")


def stop_unless_done(
    look: Callable[[], State | None],
    order: Callable[[], None],
    *,
    unknown: str,
    is_refusal: Callable[[FahrError], bool],
) -> StopResult:
    """Ask a service to stop a job, unless it has ended or is about to.

    Args:
        look: Asks for the job's state; None for a job that the service does not know.
        order: Gives the order to stop.
        unknown: What is said of a job that the service does not know.
        is_refusal: Tells whether an error of the order's is the service's answer: the job may
            have ended between the question and the order.
    """

    def done_already() -> StopResult | None:
        state = look()
        if state is None:
            return StopResult(outcome="not-possible", reason=unknown)
        return result_of(state) if state.final or state is State.STOPPING else None

    if done := done_already():
        return done
    try:
        order()
    except FahrError as error:
        if not is_refusal(error) or not (done := done_already()):
            raise
        return done
    return done_already() or StopResult(outcome="stopping")
