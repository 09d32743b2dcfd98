"""Files that reach their folder whole or not at all, and never over somebody's own."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import tempfile
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from fahr_core.errors import DiskError, UsageError
from fahr_core.experiment import shown
from fahr_core.unpacking import extract_tar, is_wanted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["check_clashes", "chosen", "extract_tar", "move_into_place", "unmatched"]

_NAMED = 8


def chosen(paths: Sequence[str], include: Sequence[str]) -> list[str]:
    """Give the paths that a pattern means: by the path, its last part, or a folder above it.

    Without a pattern all are meant.

    Raises:
        UsageError: there are files, and no pattern means one of them.
    """
    wanted = [path for path in paths if is_wanted(path, include)]
    if paths and not wanted:
        raise unmatched(include, paths)
    return wanted


def unmatched(include: Sequence[str], paths: Sequence[str] = ()) -> UsageError:
    """Make the error of patterns that mean no file; ``paths`` are the files that there are."""
    patterns = " or ".join(f'"{shown(pattern)}"' for pattern in include)
    more = f" and {len(paths) - _NAMED} more" if len(paths) > _NAMED else ""
    there = [f"there are: {', '.join(map(shown, paths[:_NAMED]))}{more}"] if paths else []
    return UsageError(f"no file of the job is like {patterns}", *there, "nothing was fetched")


def check_clashes(
    destination: Path, files: Sequence[str], known: Mapping[str, tuple[int, int]]
) -> list[str]:
    """Give the paths in ``destination`` that stand in the way of ``files``.

    Args:
        destination: The folder that the files go to; it need not be there.
        files: Their paths in it.
        known: Size and time of change (nanoseconds) of what earlier fetches wrote there: these
            may be replaced while they are as they were.
    """
    return list(dict.fromkeys(c for path in files if (c := _clash(destination, path, known))))


def _clash(destination: Path, path: str, known: Mapping[str, tuple[int, int]]) -> str | None:
    for above in reversed(PurePosixPath(path).parents[:-1]):
        place = destination / above
        if os.path.lexists(place) and (place.is_symlink() or not place.is_dir()):
            return str(above)
    place = destination / path
    try:
        status = place.lstat()
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(status.st_mode):
        return path
    return None if known.get(path) == (status.st_size, status.st_mtime_ns) else path


def move_into_place(temporary: Path, destination: Path, files: Sequence[str]) -> None:
    """Move files from one folder into another on the same disk: all of them or none.

    What they replace is put aside first and comes back when one of them cannot be moved.

    Raises:
        DiskError: the destination cannot be written; it is as it was.
    """
    moving = _Moving(temporary, destination)
    try:
        for path in files:
            moving.move(path)
    except BaseException as error:
        moving.undo()
        if isinstance(error, OSError):
            why = error.strerror or error
            raise DiskError(f"cannot write to {shown(destination)}: {why}") from error
        raise
    moving.finish()


class _Moving:
    def __init__(self, temporary: Path, destination: Path) -> None:
        self._temporary = temporary
        self._destination = destination
        self._aside: Path | None = None
        self._folders: list[Path] = []
        self._moved: list[tuple[str, Path | None]] = []

    def move(self, path: str) -> None:
        place = self._destination / path
        self._make_folder(place.parent)
        replaced = self._put_aside(place, len(self._moved))
        try:
            (self._temporary / path).replace(place)
        except BaseException:
            if replaced:
                replaced.replace(place)
            raise
        self._moved.append((path, replaced))

    def undo(self) -> None:
        for path, replaced in reversed(self._moved):
            place = self._destination / path
            place.replace(self._temporary / path)
            if replaced:
                replaced.replace(place)
        self.finish()
        for folder in reversed(self._folders):
            folder.rmdir()

    def finish(self) -> None:
        if self._aside:
            shutil.rmtree(self._aside, ignore_errors=True)

    def _make_folder(self, folder: Path) -> None:
        missing = []
        while not folder.exists():
            missing.append(folder)
            folder = folder.parent
        for made in reversed(missing):
            made.mkdir()
            self._folders.append(made)

    def _put_aside(self, place: Path, number: int) -> Path | None:
        if not os.path.lexists(place):
            return None
        if place.is_dir() and not place.is_symlink():
            raise IsADirectoryError(errno.EISDIR, f"{place.name} is a folder there")
        if self._aside is None:
            self._aside = Path(tempfile.mkdtemp(prefix=".fahr-replaced-", dir=self._destination))
        aside = self._aside / str(number)
        place.replace(aside)
        return aside
