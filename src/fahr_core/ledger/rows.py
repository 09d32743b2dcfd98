"""Rows of the ledger inside of one transaction: reading, changing, counting a lane."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from fahr_core.ledger.record import COLUMNS, Record, Reservation, owner_text, record_from
from fahr_core.models import State
from fahr_core.names import new_run_id
from fahr_core.processes import this_process

if TYPE_CHECKING:
    import sqlite3

__all__ = [
    "delete",
    "exists",
    "has_room",
    "insert",
    "others_wait",
    "put",
    "read",
    "take",
]

#: States of a job that takes up room at its service, as SQL.
ACTIVE_SQL = "('submitting', 'submitted', 'running', 'stopping')"

#: A lane belongs to a driver; drivers that are files may share a name.
SAME_LANE = "driver = ? AND driver_path IS ? AND lane = ?"


def exists(db: sqlite3.Connection, name: str) -> bool:
    """Tell whether a name is taken, be it only reserved."""
    return db.execute("SELECT 1 FROM jobs WHERE name = ?", [name]).fetchone() is not None


def read(db: sqlite3.Connection, where: str, *values: Any) -> Record | None:
    """Give the one job for which ``where`` holds."""
    row = db.execute(f"SELECT {COLUMNS} FROM jobs WHERE {where}", values).fetchone()  # noqa: S608
    return record_from(row) if row else None


def insert(
    db: sqlite3.Connection, name: str, stem: str, number: int | None, **about: str | None
) -> Reservation:
    """Add an unlaunched job that this process owns."""
    run_id = new_run_id()
    values = {
        "name": name,
        "stem": stem,
        "number": number,
        "run_id": run_id,
        "state": State.UNLAUNCHED,
        "created": time.time(),
        "owner": owner_text(this_process()),
        **about,
    }
    columns = ", ".join(values)
    marks = ", ".join("?" * len(values))
    db.execute(f"INSERT INTO jobs ({columns}) VALUES ({marks})", [*values.values()])  # noqa: S608
    return Reservation(name=name, number=number, run_id=run_id)


def put(db: sqlite3.Connection, name: str, **values: Any) -> None:
    """Change columns of one job."""
    changes = ", ".join(f'"{column}" = ?' for column in values)
    db.execute(f"UPDATE jobs SET {changes} WHERE name = ?", [*values.values(), name])  # noqa: S608


def delete(db: sqlite3.Connection, name: str) -> None:
    """Forget one job."""
    db.execute("DELETE FROM jobs WHERE name = ?", [name])


def take(db: sqlite3.Connection, record: Record) -> None:
    """Make this process the one that sends a job."""
    put(
        db,
        record.name,
        state=State.SUBMITTING,
        owner=owner_text(this_process()),
        reason=None,
        seen=None,
    )


def has_room(db: sqlite3.Connection, record: Record) -> bool:
    """Tell whether one more of the job's lane may be at its service."""
    if record.lane is None or record.lane_limit is None:
        return True
    (busy,) = db.execute(
        f"SELECT count(*) FROM jobs WHERE state IN {ACTIVE_SQL} AND {SAME_LANE}",  # noqa: S608
        [record.driver, record.driver_path, record.lane],
    ).fetchone()
    return bool(busy < record.lane_limit)


def others_wait(db: sqlite3.Connection, record: Record) -> bool:
    """Tell whether jobs of the same lane wait already."""
    waiting = db.execute(
        f"SELECT 1 FROM jobs WHERE state = 'queued' AND {SAME_LANE} LIMIT 1",  # noqa: S608
        [record.driver, record.driver_path, record.lane],
    )
    return waiting.fetchone() is not None
