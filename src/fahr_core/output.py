"""Fetching a job's output: into a temporary folder, then into place, whole or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fahr_core import jobs
from fahr_core.errors import DiskError, NotFinished, OverwriteError, ServiceError
from fahr_core.ledger.fetched import WrittenFile, marks_of
from fahr_core.leftovers import sweep_folder, unfinished
from fahr_core.models import FetchOptions
from fahr_core.transfer import check_clashes, move_into_place, unmatched
from fahr_core.unsent import FETCHING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fahr_core.ledger import Ledger
    from fahr_core.ledger.record import Record
    from fahr_core.models import FetchedFile
    from fahr_core.reporter import Reporter

__all__ = ["Fetched", "fetch"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """What was fetched: the folder and the files in it."""

    job: str
    folder: Path
    files: Sequence[FetchedFile]

    @property
    def size(self) -> int:
        """Give the bytes of all files."""
        return sum(file.size for file in self.files)


def fetch(
    ledger: Ledger,
    record: Record,
    reporter: Reporter,
    *,
    destination: Path | None = None,
    options: FetchOptions | None = None,
    wait: bool = False,
) -> Fetched:
    """Bring a job's output home.

    Args:
        ledger: The record of jobs.
        record: The job.
        reporter: Who is told how far it is.
        destination: A folder, made when missing; by default a new one named as the job.
        options: Which files, whether archives are unpacked and files replaced.
        wait: Whether to wait for the job's end.

    Raises:
        DiskError: the disk is full or the destination cannot be written.
        NotFinished: the job still runs.
        OverwriteError: a file stands in the way that fahr did not write.
        UsageError: the options mean none of the job's files.
    """
    options = options or FetchOptions()
    record = _ended(ledger, record, wait)
    folder = Path(_folder_of(record)) if destination is None else destination
    if folder.exists() and not folder.is_dir():
        raise OverwriteError(f"{folder} is a file, so nothing can be fetched into it")
    temporary = _temporary_beside(folder)
    try:
        files = _fetched(record, temporary, options, reporter)
        before = ledger.fetched_files(str(folder.resolve()))
        if not options.overwrite:
            _check_clashes(record, folder, files, before)
        own = _own(folder, files, before)
        move_into_place(temporary, folder, [file.path for file in files])
        folder.mkdir(exist_ok=True)  # also for a job that has left nothing: it is what is told
    finally:
        _discard(temporary)
    ledger.record_fetch(record.name, str(folder.resolve()), _written(folder, files, own))
    return Fetched(job=record.name, folder=folder, files=files)


def _folder_of(record: Record) -> str:
    return record.name.replace("/", "-")


def _ended(ledger: Ledger, record: Record, wait: bool) -> Record:
    if record.state.final:
        return record
    if wait:
        return jobs.wait(ledger, record)
    jobs.refresh(ledger, [record])
    record = ledger.get(record.name) or record  # one of the service's own is in no ledger
    if not record.state.final:
        raise NotFinished(
            f"{record.name} is still {record.state}", f"fahr fetch --wait {record.words}"
        )
    return record


def _temporary_beside(folder: Path) -> Path:
    """Make a folder from which files can be renamed into ``folder``."""
    place = folder if folder.is_dir() else folder.parent
    try:
        if not folder.is_dir():
            place.mkdir(parents=True, exist_ok=True)
        sweep_folder(place)
        return Path(tempfile.mkdtemp(prefix=FETCHING + unfinished(), dir=place))
    except OSError as error:
        raise DiskError(f"cannot write to {place}: {error.strerror or error}") from error


def _discard(temporary: Path) -> None:
    """Remove the folder, by another name: a download that was left behind finds it no more."""
    aside = temporary.with_name(f"{temporary.name}_")
    with suppress(OSError):  # on Windows, while a file in it is open
        temporary.rename(aside)
    for folder in (aside, temporary):
        shutil.rmtree(folder, ignore_errors=True)


def _fetched(
    record: Record, temporary: Path, options: FetchOptions, reporter: Reporter
) -> list[FetchedFile]:
    session = jobs.open_for(record)
    if record.ref is None:
        return []
    files = list(session.fetch_output(record.ref, temporary, options, reporter.progress))
    if options.include and not files:
        raise unmatched(options.include)
    for file in files:
        if _size(temporary / file.path) != file.size:
            raise ServiceError(f"{file.path} came incomplete", f"fahr fetch {record.words}")
    return files


def _size(path: Path) -> int | None:
    try:
        return path.lstat().st_size
    except FileNotFoundError:
        return None


def _check_clashes(
    record: Record,
    folder: Path,
    files: Sequence[FetchedFile],
    before: Mapping[str, WrittenFile],
) -> None:
    if clashes := check_clashes(folder, [file.path for file in files], marks_of(before)):
        others = f" and {len(clashes) - 1} more" if len(clashes) > 1 else ""
        raise OverwriteError(
            f"{folder / clashes[0]} is not from fahr, fetch would replace it{others}",
            f"fahr fetch ./{_folder_of(record)} {record.words}",
            f"fahr fetch {folder} {record.words} --overwrite",
        )


def _own(folder: Path, files: Sequence[FetchedFile], before: Mapping[str, WrittenFile]) -> set[str]:
    """Give the files in whose place a person's own stand, or once stood."""
    there = {file.path for file in files if os.path.lexists(folder / file.path)}
    return (there - before.keys()) | {path for path, file in before.items() if file.replaced}


def _written(folder: Path, files: Sequence[FetchedFile], own: set[str]) -> list[WrittenFile]:
    """Note each file's time of change, by which a later edit is seen."""
    return [
        WrittenFile(
            path=file.path,
            size=file.size,
            mark=str((folder / file.path).lstat().st_mtime_ns),
            replaced=file.path in own,
        )
        for file in files
    ]
