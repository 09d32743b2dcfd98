"""What became of the jobs whose sender died: ask the service, never send twice.

Whoever settles a job takes it over first (:meth:`~fahr_core.ledger.Ledger.claim`), so that
of two processes one asks and writes, and no stale answer can undo what happened since.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from fahr_core.errors import FahrError
from fahr_core.models import Found, State, Unknown
from fahr_core.sending import Unstager, unstaged

if TYPE_CHECKING:
    from collections.abc import Callable

    from fahr_core.ledger import Ledger
    from fahr_core.ledger.record import Record
    from fahr_core.models import Absent, Request

__all__ = ["Asker", "Settled", "settle"]

#: Seconds until a service is asked again for a job that it could not tell of.
AGAIN_AFTER = 10.0


class Asker(Unstager, Protocol):
    """The part of a :class:`~fahr_core.session.Session` that settling needs."""

    def find_submission(self, request: Request) -> Found | Absent | Unknown:
        """Say whether a request reached the service."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """A job as it was found, and the state that it has now; None when it is gone.

    ``left`` says which secrets of one that is gone may still be at the service.
    """

    record: Record
    state: State | None
    left: str | None = None


def settle(
    ledger: Ledger,
    open_session: Callable[[Record], Asker],
    *,
    driver: str | None = None,
    again_after: float = AGAIN_AFTER,
    mine: bool = False,
) -> list[Settled]:
    """Settle the jobs whose sender died, and ask again for those that nobody could tell of.

    A job of which nothing was sent is forgotten without asking anybody.  Of a job that was
    being sent, Found is recorded; Absent puts it back into the queue that it came from, or
    forgets it; with Unknown, or a driver that fails, it stays ``submitting``.  The secrets of a
    job that is forgotten are taken away.

    Args:
        ledger: The record of jobs.
        open_session: Opens the session of a job's driver.
        driver: Settle only this driver's jobs.
        again_after: Seconds since a job was last asked for.
        mine: Settle this very process's jobs too, because it is sending none.
    """
    return [
        _settle(ledger, record, open_session)
        for record in ledger.unsettled(again_after, mine=mine)
        if driver in (None, record.driver) and ledger.claim(record)
    ]


def _settle(ledger: Ledger, record: Record, open_session: Callable[[Record], Asker]) -> Settled:
    request = ledger.request(record.name)
    if record.state is State.UNLAUNCHED:
        left = unstaged(lambda: open_session(record), request)
        ledger.release(record.name)
        return Settled(record=record, state=None, left=left)
    answer: Found | Absent | Unknown = Unknown(reason="asking for it was interrupted")
    try:
        answer = _ask(record, request, open_session)
    except FahrError as error:
        answer = Unknown(reason=error.message)
    finally:  # also when interrupted: a claim must not outlive this call
        state = _record(ledger, record.name, answer)
    left = unstaged(lambda: open_session(record), request) if state is None else None
    return Settled(record=record, state=state, left=left)


def _ask(
    record: Record, request: Request | None, open_session: Callable[[Record], Asker]
) -> Found | Absent | Unknown:
    if request is None:
        return Unknown(reason="its request is not in the ledger")
    return open_session(record).find_submission(request)


def _record(ledger: Ledger, name: str, answer: Found | Absent | Unknown) -> State | None:
    if isinstance(answer, Found):
        ledger.submitted(name, answer.ref, answer.link)
        return State.SUBMITTED
    if isinstance(answer, Unknown):
        ledger.unknown(name, answer.reason)
        return State.SUBMITTING
    return ledger.absent(name)
