"""Stopping a job: by the number of its session, which the session itself says.

Kaggle cancels a session by its number (``CancelKernelSession``), which neither a push nor a
status tells.  A session knows it as a part of ``KAGGLE_CONTAINER_NAME``; what fahr pushes prints
it first.  Where the log is kept at an address with the number in it, that serves too.
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

from fahr_core.errors import ServiceError
from fahr_core.models import State, StopResult
from fahr_core.stopping import result_of
from fahr_kaggle import seen
from fahr_kaggle.chain_notes import end_chain, known_sessions, may_arrive
from fahr_kaggle.client import Kaggle
from fahr_kaggle.connection import Declined, NotThere
from fahr_kaggle.kernel import located
from fahr_kaggle.logs import Lines, live_events
from fahr_kaggle.replay import LIVE_QUIET
from fahr_kaggle.states import ask

if TYPE_CHECKING:
    import requests

    from fahr_core.models import JobRef, JobState
    from fahr_kaggle.kernel import Kernel

__all__ = ["stop"]

#: The number in the address of a session's own log.
_ADDRESS = re.compile(r"/(?:logs/stream|sessions|kf?)/([0-9]+)(?:/|\?|$)")
#: Lines among which the number is looked for.
_MOST_LINES = 1000
#: Seconds for which the number is looked for, and between two looks.
_PATIENCE = 6.0
_PAUSE = 1.0
#: Seconds between two looks for a session whose push was not answered.
_CHAIN_PAUSE = 5.0


def stop(ref: JobRef) -> StopResult:
    """Ask Kaggle to cancel a job's session; what it has written by then is lost.

    Raises:
        AccessError: the credentials are missing or not valid.
        ServiceError: Kaggle does not answer.
    """
    place = located(ref)
    if place is None:
        return StopResult(outcome="stopped", reason="Kaggle has no such job")
    kernel, first = place
    with Kaggle() as kaggle:
        if ref.data.get("chain"):
            end_chain(ref)
        state = _settled(kaggle, ref)
        if state.state not in (State.SUBMITTED, State.RUNNING):
            return _told(state)
        problem = _cancelled(kaggle, kernel, known_sessions(ref, first)[-1], state)
        if problem and ref.data.get("chain"):
            problem += "; no further session will begin"
        if problem:
            return StopResult(outcome="not-possible", reason=problem)
        return _told(ask(kaggle, ref))


def _settled(kaggle: Kaggle, ref: JobRef) -> JobState:
    """Give a job's state once it is known whether a next session of a chain has begun."""
    state = ask(kaggle, ref)
    while may_arrive(ref):
        time.sleep(_CHAIN_PAUSE)
        state = ask(kaggle, ref)
    return state


def _told(state: JobState) -> StopResult:
    seen.note(state)
    return result_of(state.state)


def _cancelled(kaggle: Kaggle, kernel: Kernel, version: int, state: JobState) -> str | None:
    """Cancel a session; say what is in the way, if anything is."""
    page = f"stop it on its page: {kernel.link}"
    number = _patiently(kaggle, kernel, version)
    if number is None and state.state is State.SUBMITTED:
        return f"it still waits for a machine; once it runs it can be, or {page}"
    if number is None:
        return f"nothing tells the number of its session, which Kaggle wants; {page}"
    try:
        problem = kaggle.cancel(number)
    except (Declined, NotThere) as error:
        problem = str(error)
    # It may have ended meanwhile, which is what was asked for.
    if problem and not _is_over(kaggle, kernel, version):
        return f"Kaggle: {problem}; {page}"
    return None


def _is_over(kaggle: Kaggle, kernel: Kernel, version: int) -> bool:
    status = kaggle.status(kernel, version)
    return status is not None and status.word not in ("QUEUED", "RUNNING")


def _patiently(kaggle: Kaggle, kernel: Kernel, version: int) -> int | None:
    """Look for the number for a while: a session that has just begun has said nothing yet."""
    limit = time.monotonic() + _PATIENCE
    while True:
        number = _session_number(kaggle, kernel, version)
        if number is not None or time.monotonic() > limit:
            return number
        time.sleep(_PAUSE)


def _session_number(kaggle: Kaggle, kernel: Kernel, version: int) -> int | None:
    try:
        response = kaggle.open_log(kernel, version, LIVE_QUIET)
    except (NotThere, ServiceError):
        return None
    with response:
        return _said(response) or _of_address(response)


def _said(response: requests.Response) -> int | None:
    """Read the number from the first lines of a live log."""
    if not response.headers.get("Content-Type", "").startswith("text/event-stream"):
        return None
    lines = Lines()
    for event in live_events(response):
        for _ in lines.feed(event):
            pass
        if lines.session is not None or lines.number > _MOST_LINES:
            break
    return lines.session


def _of_address(response: requests.Response) -> int | None:
    """Read the number from the address that the client was sent on to."""
    found = _ADDRESS.search(response.url) if response.history else None
    return int(found[1]) if found else None
