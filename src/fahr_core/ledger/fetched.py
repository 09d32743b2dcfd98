"""Which files earlier fetches wrote, so that a later one may replace them and no others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fahr_core.ledger.file import LedgerFile

__all__ = ["FetchedFiles", "WrittenFile"]


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenFile:
    """A file that a fetch wrote, relative to the folder, with ``/`` between parts.

    ``mark`` is the fetcher's: what tells whether the file was changed since (a digest, or
    its time of change).
    """

    path: str
    size: int
    mark: str


class FetchedFiles:
    """The ledger's half that remembers fetched files."""

    file: LedgerFile

    def record_fetch(self, job: str, folder: str, files: Iterable[WrittenFile]) -> None:
        """Record that ``files`` of ``job`` were written below ``folder``, an absolute path."""
        with self.file.writing() as db:
            db.execute("UPDATE jobs SET fetched = ? WHERE name = ?", [folder, job])
            db.executemany(
                "INSERT OR REPLACE INTO fetched (destination, path, job, size, mark)"
                " VALUES (?, ?, ?, ?, ?)",
                [(folder, written.path, job, written.size, written.mark) for written in files],
            )

    def fetched_files(self, folder: str) -> dict[str, WrittenFile]:
        """Give what fetches wrote below ``folder``, by its path there."""
        rows = self.file.select(
            "SELECT path, size, mark FROM fetched WHERE destination = ?", [folder]
        )
        return {path: WrittenFile(path=path, size=size, mark=mark) for path, size, mark in rows}
