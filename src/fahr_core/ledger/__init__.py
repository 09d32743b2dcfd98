"""The ledger: the local record of jobs, in ``FAHR_HOME/ledger.sqlite3``.

A job's way through it, each arrow one transaction::

    reserve ─▶ unlaunched ── intend ──▶ unlaunched, with its request
                   │ release: gone          │ launch
                   ▼                        ├───────────▶ queued ── withdraw ──▶ stopped
                                            ▼                │ next_queued
                                        submitting ◀─────────┘
                  submitted, running ◀──────┤ submitted
       gone, or failed from the queue ◀─────┤ refused
       gone, or queued from the queue ◀─────┤ absent
               queued ◀── requeue ──────────┤
                                            └ unknown: stays, and is never sent again

``owner`` is the process that is sending the job.  Whoever settles a dead owner's job first
takes it over by :meth:`Ledger.claim`, so that only one process at a time asks the service
and writes down what it said.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from fahr_core.errors import FahrError, ServiceError, UsageError
from fahr_core.ledger.fetched import FetchedFiles
from fahr_core.ledger.queries import LedgerQueries
from fahr_core.ledger.record import Record, Reservation, owner_text
from fahr_core.ledger.rows import delete, exists, has_room, insert, others_wait, put, read, take
from fahr_core.ledger.states import ReportedStates, ref_key
from fahr_core.models import State, dumps
from fahr_core.names import job_name
from fahr_core.processes import is_alive, this_process

if TYPE_CHECKING:
    import sqlite3

    from fahr_core.models import Job, JobRef, Request

__all__ = ["Ledger"]


class Ledger(LedgerQueries, ReportedStates, FetchedFiles):
    """The record of jobs; a connection lives for one call, so any thread or fork may use it.

    Every method raises :class:`~fahr_core.errors.DiskError` when the file cannot be read or
    written, and :class:`~fahr_core.errors.FahrError` when it is damaged or a newer fahr's.
    """

    # -- before anything is sent --------------------------------------------------------

    def reserve(
        self,
        stem: str,
        *,
        driver: str,
        experiment: str,
        artifact: str,
        driver_path: str | None = None,
        driver_digest: str | None = None,
    ) -> Reservation:
        """Take the next number of ``stem`` for this process; invisible until launched."""
        with self.file.writing() as db:
            latest = db.execute("SELECT max(number) FROM jobs WHERE stem = ?", [stem]).fetchone()
            number = (latest[0] or 0) + 1
            while exists(db, job_name(stem, number)):  # somebody chose this very name
                number += 1
            return insert(
                db,
                job_name(stem, number),
                stem,
                number,
                driver=driver,
                experiment=experiment,
                artifact=artifact,
                driver_path=driver_path,
                driver_digest=driver_digest,
            )

    def reserve_named(
        self,
        name: str,
        *,
        driver: str,
        experiment: str,
        artifact: str,
        content_digest: str,
        driver_path: str | None = None,
        driver_digest: str | None = None,
    ) -> Reservation:
        """Take a name that somebody chose; ask :meth:`named` first whether a job has it.

        Raises:
            UsageError: a job has the name.
            ServiceError: another process is preparing a job of this name right now.
        """
        with self.file.writing() as db:
            if there := read(db, "name = ?", name):
                _check_abandoned(there)
                delete(db, name)
            return insert(
                db,
                name,
                name,
                None,
                driver=driver,
                experiment=experiment,
                artifact=artifact,
                driver_path=driver_path,
                driver_digest=driver_digest,
                content_digest=content_digest,
            )

    def intend(self, name: str, job: Job, request: Request) -> None:
        """Write down what will be sent, before anything is.

        Raises:
            FahrError: the name is not reserved any more.
        """
        lane = request.lane
        self._move(
            name,
            State.UNLAUNCHED,
            remote_name=request.remote_name,
            lane=lane.name if lane else None,
            lane_limit=lane.limit if lane else None,
            attended=request.attended,
            params=json.dumps(dict(job.params)),
            job=dumps(job),
            request=dumps(request),
        )

    def release(self, name: str) -> None:
        """Forget a reservation or an intent of which nothing was sent."""
        with self.file.writing() as db:
            db.execute("DELETE FROM jobs WHERE name = ? AND state = ?", [name, State.UNLAUNCHED])

    def launch(self, name: str) -> State:
        """Decide whether a job is sent now (``submitting``) or waits here (``queued``).

        It waits when its lane is full, or when others of its lane wait already.

        Raises:
            FahrError: it was not prepared by :meth:`intend`.
        """
        with self.file.writing() as db:
            record = read(db, "name = ? AND state = 'unlaunched' AND request IS NOT NULL", name)
            if record is None:
                raise FahrError(f"{name} was not prepared, so it cannot be sent")
            if has_room(db, record) and not others_wait(db, record):
                take(db, record)
                return State.SUBMITTING
            put(db, name, state=State.QUEUED, owner=None, from_queue=1)
            return State.QUEUED

    # -- sending ------------------------------------------------------------------------

    def submitted(self, name: str, ref: JobRef, link: str | None = None) -> None:
        """Record that the service has the job."""
        self._move(
            name,
            State.SUBMITTING,
            state=State.SUBMITTED,
            owner=None,
            reason=None,
            ref=dumps(ref),
            ref_id=ref_key(ref),
            link=link,
        )

    def refused(self, name: str, reason: str) -> None:
        """Record that the service has not taken the job: gone, or ``failed`` when it waited."""
        with self.file.writing() as db:
            record = _in_state(db, name, State.SUBMITTING)
            if record.from_queue:
                failed = {"state": State.FAILED, "reason": reason, "ended": time.time()}
                put(db, name, owner=None, **failed)
            else:
                delete(db, name)

    def absent(self, name: str) -> State | None:
        """Record that the service certainly never got the job: queued again, or gone (None)."""
        with self.file.writing() as db:
            record = _in_state(db, name, State.SUBMITTING)
            if record.from_queue:
                put(db, name, state=State.QUEUED, owner=None, reason=None)
                return State.QUEUED
            delete(db, name)
            return None

    def unknown(self, name: str, reason: str) -> None:
        """Record that nobody can say whether the service has the job; it is not sent again."""
        self._move(name, State.SUBMITTING, owner=None, reason=reason, seen=time.time())

    def requeue(self, name: str, reason: str | None = None) -> None:
        """Put a job that the service certainly has not taken (back) into the queue."""
        self._move(
            name, State.SUBMITTING, state=State.QUEUED, owner=None, from_queue=1, reason=reason
        )

    def withdraw(self, name: str) -> bool:
        """Stop a job that still waits here; tell whether it did."""
        with self.file.writing() as db:
            record = read(db, "name = ? AND state = 'queued'", name)
            if record:
                put(db, name, state=State.STOPPED, ended=time.time(), reason=None)
            return record is not None

    def next_queued(self, driver: str) -> Record | None:
        """Take the oldest waiting job whose lane has room, to be sent by this process."""
        with self.file.writing() as db:
            firsts = db.execute(
                "SELECT min(id) FROM jobs WHERE state = 'queued' AND driver = ?"
                " GROUP BY driver_path, lane ORDER BY min(id)",
                [driver],
            ).fetchall()
            for (first,) in firsts:
                record = read(db, "id = ?", first)
                if record and has_room(db, record):
                    take(db, record)
                    return read(db, "id = ?", first)
            return None

    # -- settling -----------------------------------------------------------------------

    def unsettled(self, again_after: float = 10.0, *, mine: bool = False) -> list[Record]:
        """Give the jobs whose sender died, and those that nobody could tell of.

        Args:
            again_after: How many seconds ago the latter were last asked for, at least.
            mine: Give this process's own jobs too, because it is sending none.
        """
        candidates = self._records(
            f"state IN ('{State.UNLAUNCHED}', '{State.SUBMITTING}')", order="id"
        )
        before = time.time() - again_after
        return [record for record in candidates if _abandoned(record, before, mine)]

    def claim(self, record: Record) -> bool:
        """Take an unsettled job over; False when somebody else was first."""
        with self.file.writing() as db:
            done = db.execute(
                "UPDATE jobs SET owner = ? WHERE name = ? AND run_id = ? AND state = ?"
                " AND owner IS ?",
                [
                    owner_text(this_process()),
                    record.name,
                    record.run_id,
                    record.state,
                    owner_text(record.owner),
                ],
            )
            return done.rowcount == 1

    # -- the job's life -----------------------------------------------------------------

    def mark_fetched(self, name: str, folder: str) -> None:
        """Record where a job's output was fetched to last."""
        self._move(name, fetched=folder)

    def add_note(self, name: str, note: str) -> None:
        """Record what a person has to say of a job."""
        self._move(name, note=note)

    def _move(self, name: str, *states: State, **values: Any) -> None:
        with self.file.writing() as db:
            _in_state(db, name, *states)
            put(db, name, **values)


def _in_state(db: sqlite3.Connection, name: str, *states: State) -> Record:
    record = read(db, "name = ?", name)
    if record is None or (states and record.state not in states):
        found = "not in the ledger" if record is None else f"{record.state} in the ledger"
        raise FahrError(f"{name} is {found}; it was {' or '.join(states) or 'there'} before")
    return record


def _abandoned(record: Record, before: float, mine: bool) -> bool:
    if record.owner is None:
        return (record.seen or 0.0) <= before
    return not is_alive(record.owner) or (mine and record.owner == this_process())


def _check_abandoned(there: Record) -> None:
    if there.state is not State.UNLAUNCHED:
        raise UsageError(f'a job named "{there.name}" exists', f"fahr status {there.name}")
    if there.owner is None or is_alive(there.owner):
        raise ServiceError(f'another process is sending a job named "{there.name}": try again')
