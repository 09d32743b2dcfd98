"""The ledger's file: opening, schema, transactions, and what is said when it fails.

SQLite with its rollback journal, not WAL, which does not work on network file systems
("Write-Ahead Logging" in SQLite's documentation, section 1).  Every write is one BEGIN
IMMEDIATE transaction: with a deferred one, two writers that both read first cannot both go
on.  A connection lives for one call, so that threads and forks share none.
"""

from __future__ import annotations

import shlex
import sqlite3
import time
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

from fahr_core.errors import DiskError, FahrError, ServiceError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

__all__ = ["STEPS", "LedgerFile"]

#: How many seconds to wait for another process's transaction.
BUSY_SECONDS = 60.0

JOBS = """
CREATE TABLE jobs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    stem TEXT NOT NULL,
    number INTEGER,
    run_id TEXT NOT NULL UNIQUE,
    remote_name TEXT,
    driver TEXT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT,
    attempt INTEGER NOT NULL DEFAULT 1,
    experiment TEXT NOT NULL,
    artifact TEXT NOT NULL,
    created REAL NOT NULL,
    started REAL,
    ended REAL,
    seen REAL,
    link TEXT,
    "where" TEXT,
    detail TEXT,
    cost REAL,
    exit_code INTEGER,
    fetched TEXT,
    note TEXT,
    lane TEXT,
    lane_limit INTEGER,
    from_queue INTEGER NOT NULL DEFAULT 0,
    driver_path TEXT,
    driver_digest TEXT,
    content_digest TEXT,
    owner TEXT,
    ref_id TEXT,
    ref TEXT,
    params TEXT,
    job TEXT,
    request TEXT
)"""
#: What each version of the schema adds to the one before; a step is never edited again.
STEPS: list[tuple[str, ...]] = [
    (
        JOBS,
        "CREATE INDEX jobs_stem ON jobs (stem, number)",
        "CREATE INDEX jobs_state ON jobs (state, driver)",
        "CREATE INDEX jobs_experiment ON jobs (experiment)",
        "CREATE INDEX jobs_driver ON jobs (driver)",
        "CREATE INDEX jobs_ref ON jobs (ref_id)",
        """
        CREATE TABLE fetched (
            destination TEXT NOT NULL,
            path TEXT NOT NULL,
            job TEXT NOT NULL,
            size INTEGER NOT NULL,
            mark TEXT NOT NULL,
            PRIMARY KEY (destination, path)
        ) WITHOUT ROWID""",
    ),
    ("ALTER TABLE jobs ADD COLUMN attended INTEGER NOT NULL DEFAULT 0",),
    ("ALTER TABLE fetched ADD COLUMN replaced INTEGER NOT NULL DEFAULT 0",),
]

BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
DISK = {
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_READONLY,
}


class LedgerFile:
    """A ledger's file, which the first write makes; reading makes nothing."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def select(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Give the rows of one SELECT; none when there is no ledger yet.

        Raises:
            FahrError: the file is damaged, or of a newer fahr.
            DiskError: it cannot be read.
        """
        with self._telling():
            if not self.path.exists():
                return []
            with closing(self._connect()) as connection:
                version = self._version(connection)
                if version == 0:
                    return []
                if version < len(STEPS):
                    self._migrate(connection)
                return connection.execute(sql, values).fetchall()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Open one transaction: all of the block is written, or nothing.

        Raises:
            DiskError: the disk is full or the file cannot be written.
            FahrError: the file is damaged, or of a newer fahr.
            ServiceError: another process kept it for more than a minute.
        """
        with self._telling():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with closing(self._connect()) as connection:
                if self._version(connection) < len(STEPS):
                    self._migrate(connection)
                with _transaction(connection):
                    yield connection

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None)

    def _version(self, connection: sqlite3.Connection) -> int:
        version: int = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > len(STEPS):
            raise FahrError(
                f"the ledger {self.path} was written by a newer fahr: upgrade fahr-core",
                "python -m pip install --upgrade fahr-core",
            )
        return version

    def _migrate(self, connection: sqlite3.Connection) -> None:
        with _transaction(connection):  # asked again inside: another process may have been first
            for step in STEPS[self._version(connection) :]:
                for statement in step:
                    connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {len(STEPS)}")

    @contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise self._told(error) from error
        except OSError as error:
            raise DiskError(f"cannot use {self.path}: {error.strerror or error}") from error

    def _told(self, error: sqlite3.Error) -> FahrError:
        # The low byte is the primary code: "Result and Error Codes" in SQLite's documentation.
        code = (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF
        if code in BUSY:
            return ServiceError(f"the ledger {self.path} is in use by another process: {error}")
        if code in DISK:
            return DiskError(f"cannot use the ledger {self.path}: {error}")
        path = shlex.quote(str(self.path))
        return FahrError(
            f"the ledger {self.path} is damaged: {error}",
            f"mv {path} {path}.damaged",
            "jobs that were sent go on; --train-driver and the service's name still find them",
        )


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    _begin(connection)
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _begin(connection: sqlite3.Connection) -> None:
    """Begin a write; SQLite may say busy at once, where waiting could be a deadlock."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if (error.sqlite_errorcode & 0xFF) not in BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return
