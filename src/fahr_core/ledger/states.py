"""What a service says of a job, put together with what the ledger knows already."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from fahr_core.errors import DriverError
from fahr_core.ledger.record import COLUMNS, Record, record_from
from fahr_core.ledger.rows import put
from fahr_core.models import State

if TYPE_CHECKING:
    from fahr_core.ledger.file import LedgerFile
    from fahr_core.models import JobRef, JobState

__all__ = ["ReportedStates", "ref_key"]

#: States that only this machine can know; a driver that reports one breaks the contract.
OURS = (State.UNLAUNCHED, State.QUEUED, State.SUBMITTING)
#: A state that has not changed is written down again after so many seconds.
SEEN_SECONDS = 5.0
#: What stays as it was when the service does not say it (again).
KEPT = ("exit_code", "started", "ended", "link", "where", "cost")


def ref_key(ref: JobRef) -> str:
    """Give what a job is found by in the ledger, once it is at its service."""
    return f"{ref.driver}:{ref.id}"


class ReportedStates:
    """The ledger's half that records what services say of jobs."""

    file: LedgerFile

    def update(self, *states: JobState, driver_path: str | None = None) -> None:
        """Record answers of services, all in one transaction.

        A final state never changes, but what it lacks is filled in.  An answer older than
        the last one is left out.  From ``running`` back to ``submitted`` counts an attempt,
        also where the service does not count.

        Args:
            states: The answers.
            driver_path: The file of the driver that answered, None of an installed one:
                files may share a name, and their services may give the same ids.

        Raises:
            DriverError: a driver reports a state that only this machine can know.
        """
        said = {ref_key(state.ref): state for state in states}
        for state in states:
            _check(state)
        marks = ", ".join("?" * len(said))
        select = f"SELECT ref_id, {COLUMNS} FROM jobs WHERE ref_id IN ({marks})"  # noqa: S608
        select += " AND driver_path IS ?"
        asked = [*said, driver_path]
        # Asked without a transaction first: most answers tell nothing new, and writing is slow.
        known = self.file.select(select, asked)
        if not any(_news(record_from(row), said[key]) for key, *row in known):
            return
        with self.file.writing() as db:
            for key, *row in db.execute(select, asked).fetchall():
                record = record_from(row)
                if changes := _news(record, said[key]):
                    put(db, record.name, **changes)


def _check(said: JobState) -> None:
    if said.state in OURS:
        raise DriverError(f'driver "{said.ref.driver}" calls a job {said.state}')


def _news(record: Record, said: JobState) -> dict[str, Any]:
    """Give the columns that change by an answer; none when it tells nothing new."""
    if record.state.final:
        return _missing(record, said) if said.state is record.state else {}
    if not said.state.final and said.seen and record.seen and said.seen < record.seen:
        return {}  # a slow answer would make a running job wait again
    seen = said.seen or time.time()
    changed = {k: v for k, v in _columns(record, said).items() if getattr(record, k) != v}
    if changed or record.seen is None or seen - record.seen > SEEN_SECONDS:
        changed["seen"] = seen
    return changed


def _columns(record: Record, said: JobState) -> dict[str, Any]:
    interrupted = record.state is State.RUNNING and said.state is State.SUBMITTED
    return {
        "state": said.state,
        "reason": said.reason,
        "detail": said.detail,
        "attempt": max(said.attempt, record.attempt + interrupted),
        **{k: getattr(said, k) for k in KEPT if getattr(said, k) is not None},
    }


def _missing(record: Record, said: JobState) -> dict[str, Any]:
    lacking = [k for k in ("reason", "detail", *KEPT) if getattr(record, k) is None]
    return {k: getattr(said, k) for k in lacking if getattr(said, k) is not None}
