"""The runner's work: send what waits as room is made, whatever drivers and networks do.

Jobs that have to be attended to are asked for until they have ended.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Protocol

from fahr_core.errors import AccessError, DiskError, FahrError, ServiceError
from fahr_core.jobs import by_session, open_for, session_key
from fahr_core.models import Found, Refused, State, Submitted, Unknown
from fahr_core.settlement import Asker, settle

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fahr_core.ledger import Ledger
    from fahr_core.ledger.record import Record
    from fahr_core.models import JobRef, JobState, Request, TrainInfo

__all__ = ["Runner", "Sender"]

log = logging.getLogger(__name__)

#: The longest pause in seconds, after many failures in a row.
LONGEST_PAUSE = 300.0
#: How often the runner asks for jobs that nobody can tell of before it leaves them to others.
PATIENCE = 8
#: The runner rests for this part of the time in which nothing happened, within limits: its
#: driver's pace and that many times the pace.
RESTING = 1 / 20
LONGEST_REST = 12


class Sender(Asker, Protocol):
    """The part of a :class:`~fahr_core.session.Session` that the queue needs."""

    @property
    def info(self) -> TrainInfo:
        """What the train driver says of itself."""

    def submit_jobs(self, requests: Sequence[Request]) -> Sequence[Submitted | Refused | Unknown]:
        """Send requests."""

    def job_states(self, refs: Sequence[JobRef]) -> Sequence[JobState]:
        """Ask for the state of many jobs."""


class Runner:
    """Sends a driver's queued jobs in their order, and attends to those that need it.

    Args:
        driver: The driver's name.
        ledger: The record of jobs.
        open_session: Opens the session of a job's driver with its folder's extensions.
    """

    def __init__(
        self,
        driver: str,
        ledger: Ledger,
        open_session: Callable[[Record], Sender] = open_for,
    ) -> None:
        self.driver = driver
        self.ledger = ledger
        self._open = open_session
        self._sessions: dict[tuple[object, ...], Sender] = {}
        self._poll = 1.0
        self._troubles = 0
        self._doubts = 0
        self._orphaned = False
        self._moved_at = time.monotonic()

    def run(self) -> None:
        """Work until nothing waits and nothing is to be attended to.

        Raises:
            FahrError: the ledger is damaged or of a newer fahr.
        """
        log.info("runner for %s begins", self.driver)
        while self._unfinished():
            try:
                moved = self._turn()
            except (DiskError, ServiceError) as error:
                # What became of a job that this process has taken may not be written down.
                self._orphaned = True
                moved = self._trouble(error.message)
            if moved:
                self._moved_at = time.monotonic()
            else:
                time.sleep(self._rest())
        log.info("runner for %s ends", self.driver)

    def _unfinished(self) -> bool:
        needed = self.driver in self.ledger.drivers_with_work()
        return needed or self._orphaned or 0 < self._doubts < PATIENCE

    def _turn(self) -> bool:
        """Send one job, or make room; tell whether the next turn can follow at once."""
        if self._orphaned:
            self._settle(mine=True)
            self._orphaned = False
        if record := self.ledger.next_queued(self.driver):
            return self._send(record)
        return self._settle() or self._refresh()

    # -- sending ------------------------------------------------------------------------

    def _send(self, record: Record) -> bool:
        try:
            session = self._session(record)
            request = self.ledger.request(record.name)
        except (DiskError, ServiceError):
            raise
        except Exception as error:  # noqa: BLE001 - a broken driver fails its job, not the others
            return self._note(record.name, Refused(reason=_told(error)))
        if request is None:
            return self._note(record.name, Refused(reason="its request is not in the ledger"))
        return self._note(record.name, _submit(session, request))

    def _note(self, name: str, answer: Submitted | Refused | Unknown) -> bool:
        if isinstance(answer, Submitted):
            self.ledger.submitted(name, answer.ref, answer.link)
            self._troubles = 0
            log.info("%s is sent", name)
            return True
        if isinstance(answer, Unknown):
            self.ledger.unknown(name, answer.reason)
            self._doubts += 1
            return self._trouble(f"{name} may be sent: {answer.reason}")
        if answer.busy:
            self.ledger.requeue(name, answer.reason)
            return self._trouble(f"{name} waits: {answer.reason}")
        self.ledger.refused(name, answer.reason)
        log.info("%s is refused: %s", name, answer.reason)
        return True

    # -- making room --------------------------------------------------------------------

    def _settle(self, mine: bool = False) -> bool:
        settled = settle(
            self.ledger,
            self._session,
            driver=self.driver,
            again_after=self._pause(self._doubts),
            mine=mine,
        )
        for one in settled:
            if one.left:
                log.warning("%s", one.left)
        if not settled:
            self._doubts = self._doubts if self._in_doubt() else 0
            return False
        unknown = [one for one in settled if one.state is State.SUBMITTING]
        self._doubts = self._doubts + 1 if unknown else 0
        return len(unknown) < len(settled)

    def _in_doubt(self) -> bool:
        active = self.ledger.active(self.driver)
        return any(one.state is State.SUBMITTING and one.owner is None for one in active)

    def _refresh(self) -> bool:
        """Ask for the jobs at the service; tell whether one of them has ended."""
        active = self.ledger.active(self.driver)
        records = [one for one in active if one.ref and (one.lane or one.attended)]
        ended = [self._ask(asked) for asked in by_session(records)]
        return any(ended)

    def _ask(self, records: list[Record]) -> bool:
        try:
            states = self._session(records[0]).job_states([r.ref for r in records if r.ref])
            self.ledger.update(*states, driver_path=records[0].driver_path)
        except Exception as error:  # noqa: BLE001 - a driver that fails now may answer later
            return self._trouble(_told(error))
        self._troubles = 0
        if any(_differs(*both) for both in zip(records, states, strict=True)):
            self._moved_at = time.monotonic()
        return any(state.state.final for state in states)

    # -- the pace -----------------------------------------------------------------------

    def _session(self, record: Record) -> Sender:
        key = session_key(record)
        if key not in self._sessions:
            self._sessions[key] = self._open(record)
            self._poll = self._sessions[key].info.poll
        return self._sessions[key]

    def _trouble(self, what: str) -> bool:
        self._troubles += 1
        log.info("%s; again in %.1f s", what, self._pause(self._troubles))
        return False

    def _rest(self) -> float:
        """Give the seconds until the next look: the rarer, the longer nothing has happened."""
        quiet = (time.monotonic() - self._moved_at) * RESTING
        return max(self._pause(self._troubles), min(quiet, self._poll * LONGEST_REST))

    def _pause(self, failures: int) -> float:
        return min(LONGEST_PAUSE, self._poll * 2.0 ** min(failures, 16))


def _differs(record: Record, said: JobState) -> bool:
    return (record.state, record.attempt) != (said.state, said.attempt)


def _submit(session: Sender, request: Request) -> Submitted | Refused | Unknown:
    """Send one job; when that fails, ask before anything is said of it."""
    try:
        (answer,) = session.submit_jobs([request])
    except Exception as error:  # noqa: BLE001 - a broken driver fails its job, not the others
        return _after(session, request, error)
    return answer


def _after(session: Sender, request: Request, error: Exception) -> Submitted | Refused | Unknown:
    try:
        found = session.find_submission(request)
    except Exception as failure:  # noqa: BLE001 - nobody can tell then
        return Unknown(reason=_told(failure))
    if isinstance(found, Found):
        return Submitted(ref=found.ref, link=found.link)
    if isinstance(found, Unknown):
        return found
    # Credentials that expired and a network that is down are no fault of the job.
    return Refused(reason=_told(error), busy=isinstance(error, (AccessError, ServiceError)))


def _told(error: Exception) -> str:
    if isinstance(error, FahrError):
        return error.message
    return f"{type(error).__name__}: {error}"
