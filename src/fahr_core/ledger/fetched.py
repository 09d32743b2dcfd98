"""Which files earlier fetches wrote, so that a later one may replace them and no others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from fahr_core.ledger.file import LedgerFile

__all__ = ["FetchedFiles", "WrittenFile", "marks_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenFile:
    """A file that a fetch wrote, relative to the folder, with ``/`` between parts.

    ``mark`` tells whether the file was changed since: its time of change in nanoseconds.
    ``replaced`` says that a person's own file had stood there, which they let be overwritten.
    """

    path: str
    size: int
    mark: str
    replaced: bool = False


def marks_of(files: Mapping[str, WrittenFile]) -> dict[str, tuple[int, int]]:
    """Give size and time of change (nanoseconds) of each file when it was written."""
    return {path: (file.size, int(file.mark)) for path, file in files.items()}


class FetchedFiles:
    """The ledger's half that remembers fetched files."""

    file: LedgerFile

    def record_fetch(self, job: str, folder: str, files: Iterable[WrittenFile]) -> None:
        """Record that ``files`` of ``job`` were written below ``folder``, an absolute path."""
        with self.file.writing() as db:
            db.execute("UPDATE jobs SET fetched = ? WHERE name = ?", [folder, job])
            db.executemany(
                "INSERT OR REPLACE INTO fetched (destination, path, job, size, mark, replaced)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                [(folder, file.path, job, file.size, file.mark, file.replaced) for file in files],
            )

    def fetched_files(self, folder: str) -> dict[str, WrittenFile]:
        """Give what fetches wrote below ``folder``, by its path there."""
        rows = self.file.select(
            "SELECT path, size, mark, replaced FROM fetched WHERE destination = ?", [folder]
        )
        return {path: _written(path, *rest) for path, *rest in rows}

    def fetched_below(self, folder: str) -> dict[str, WrittenFile]:
        """Give what fetches wrote into ``folder`` and any folder in it, by its path from there."""
        above = folder.rstrip("/") + "/"
        rows = self.file.select(
            "SELECT destination, path, size, mark, replaced FROM fetched"
            " WHERE destination = ? OR substr(destination, 1, ?) = ?",
            [folder, len(above), above],
        )
        found = {}
        for destination, path, *rest in rows:
            inner = destination[len(above) :]
            whole = f"{inner}/{path}" if inner else path
            found[whole] = _written(whole, *rest)
        return found


def _written(path: str, size: int, mark: str, replaced: int) -> WrittenFile:
    return WrittenFile(path=path, size=size, mark=mark, replaced=bool(replaced))
