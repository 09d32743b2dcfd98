"""What the ledger is asked: jobs by name, by folder, by state; newest first.

A reserved name is invisible here until it is sent or queued.  Rows are found by an index
and only as many as are shown are read, so that the size of the ledger does not matter.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Self

from fahr_core.errors import UnknownJob
from fahr_core.ledger.file import LedgerFile
from fahr_core.ledger.record import COLUMNS, Record, record_from
from fahr_core.ledger.rows import ACTIVE_SQL
from fahr_core.models import Job, Request, State, loads

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["LedgerQueries"]

VISIBLE = f"state != '{State.UNLAUNCHED}'"
#: How many names a word that means nothing is compared with.
COMPARED = 500


class LedgerQueries:
    """The reading half of the ledger."""

    def __init__(self, path: Path) -> None:
        self.file = LedgerFile(path)

    @classmethod
    def at_home(cls) -> Self:
        """Give the ledger of this machine's user, in ``FAHR_HOME``."""
        from fahr_core.paths import ledger_file

        return cls(ledger_file())

    def get(self, name: str) -> Record | None:
        """Give the job of this full name."""
        return self._first(f"name = ? AND {VISIBLE}", name)

    def named(self, name: str) -> Record | None:
        """Give the job that has a chosen name; its ``content_digest`` tells what it runs."""
        return self.get(name)

    def find(self, prefix: str, limit: int = 20) -> list[Record]:
        """Give the newest jobs whose names begin with ``prefix``."""
        within = "name >= ? AND name < ?"  # LIKE would need its own characters escaped
        return self._records(f"{within} AND {VISIBLE}", prefix, prefix + "\U0010ffff", limit=limit)

    def latest(self, experiment: str | None = None) -> Record | None:
        """Give the newest job, of one experiment folder or of all."""
        if experiment is None:
            return self._first(VISIBLE)
        return self._first(f"experiment = ? AND {VISIBLE}", experiment)

    def latest_of_stem(self, stem: str) -> Record | None:
        """Give the newest job whose name is ``stem`` and a number."""
        return self._first(f"stem = ? AND {VISIBLE}", stem)

    def listing(
        self,
        limit: int | None = None,
        *,
        state: str | None = None,
        experiment: str | None = None,
        driver: str | None = None,
    ) -> tuple[list[Record], int]:
        """Give the newest jobs, and how many there are in all; None is no limit."""
        wanted = {"state": state, "experiment": experiment, "driver": driver}
        given = {name: value for name, value in wanted.items() if value is not None}
        where = " AND ".join([*(f"{name} = ?" for name in given), VISIBLE])
        counted = self.file.select(
            f"SELECT count(*) FROM jobs WHERE {where}",  # noqa: S608 - our own words
            [*given.values()],
        )
        records = self._records(where, *given.values(), limit=-1 if limit is None else limit)
        return records, counted[0][0] if counted else 0

    def active(self, driver: str | None = None) -> list[Record]:
        """Give the jobs that are at their service or on the way, newest first."""
        if driver is None:
            return self._records(f"state IN {ACTIVE_SQL}")
        return self._records(f"state IN {ACTIVE_SQL} AND driver = ?", driver)

    def queued(self, driver: str | None = None) -> list[Record]:
        """Give the jobs that wait here, in the order in which they will be sent."""
        if driver is None:
            return self._records("state = ?", State.QUEUED, order="id")
        return self._records("state = ? AND driver = ?", State.QUEUED, driver, order="id")

    def run_ids(self) -> set[str]:
        """Give the run id of every job, also of one that is only reserved; from the index."""
        return {run_id for (run_id,) in self.file.select("SELECT run_id FROM jobs")}

    def drivers_with_work(self) -> list[str]:
        """Give the drivers for which jobs wait here, or have to be asked for until they end."""
        rows = self.file.select(
            "SELECT DISTINCT driver FROM jobs WHERE state = ?"
            " OR (attended AND ref IS NOT NULL AND state IN (?, ?, ?)) ORDER BY driver",
            [State.QUEUED, State.SUBMITTED, State.RUNNING, State.STOPPING],
        )
        return [driver for (driver,) in rows]

    def job(self, name: str) -> Job | None:
        """Give the job as it was sent; None when it was not prepared."""
        text = self._document(name, "job")
        return loads(Job, text) if text else None

    def request(self, name: str) -> Request | None:
        """Give the exact request of a job; None when it was not prepared."""
        text = self._document(name, "request")
        return loads(Request, text) if text else None

    def resolve(self, word: str | None, experiment: str | None) -> Record:
        """Give the job that ``word`` means.

        A full name; a name without its number, the latest of these (``resnet48_128/train.py``
        means ``resnet48-128-train``); the beginning of one name only; or nothing: the latest
        of the folder ``experiment``, else the latest of all.

        Raises:
            UnknownJob: there is no such job, or several begin with the word.
        """
        if not word:
            return self._latest_of_all(experiment)
        found = self.get(word) or self.latest_of_stem(word) or self._one_beginning_with(word)
        return found or self.latest_of_stem(_stem_of(word)) or self._refuse(word)

    def exact(self, name: str) -> Record:
        """Give the job of this full name, and no other.

        Raises:
            UnknownJob: there is no such job.
        """
        return self.get(name) or self._refuse(name)

    def _latest_of_all(self, experiment: str | None) -> Record:
        here = self.latest(experiment) if experiment is not None else None
        found = here or self.latest()
        if found is None:
            raise UnknownJob("there is no job yet", "fahr fit")
        return found

    def _one_beginning_with(self, word: str) -> Record | None:
        found = self.find(word, limit=6)
        if len(found) > 1:
            from fahr_core.names import shown

            names = [record.name for record in found[:5]] + ["..."] * (len(found) > 5)
            raise UnknownJob(f"several jobs begin with {shown(word)}: {', '.join(names)}")
        return found[0] if found else None

    def _refuse(self, word: str) -> Record:
        from fahr_core.names import did_you_mean, shown

        rows = self.file.select(
            f"SELECT name, stem FROM jobs WHERE {VISIBLE} ORDER BY id DESC LIMIT ?",  # noqa: S608
            [COMPARED],
        )
        close = did_you_mean(word, dict.fromkeys(name for row in rows for name in row))
        raise UnknownJob(
            f"no job {shown(word)}" + (f"; did you mean {close}?" if close else ""), "fahr ls"
        )

    def _document(self, name: str, column: str) -> str | None:
        rows = self.file.select(
            f"SELECT {column} FROM jobs WHERE name = ?",  # noqa: S608 - our own words
            [name],
        )
        return rows[0][0] if rows else None

    def _first(self, where: str, *values: Any) -> Record | None:
        found = self._records(where, *values, limit=1)
        return found[0] if found else None

    def _records(
        self, where: str, *values: Any, limit: int = -1, order: str = "id DESC"
    ) -> list[Record]:
        rows = self.file.select(
            f"SELECT {COLUMNS} FROM jobs WHERE {where} ORDER BY {order} LIMIT ?",  # noqa: S608
            [*values, limit],
        )
        return [record_from(row) for row in rows]


def _stem_of(word: str) -> str:
    """Give the stem that a path like ``resnet48_128/train.py`` means."""
    from fahr_core.names import job_stem, slug

    path = PurePosixPath(word.replace("\\", "/"))
    artifact = path.stem if path.suffix in (".py", ".ipynb") else path.name
    return job_stem(path.parent.name, artifact) if slug(artifact) else ""
