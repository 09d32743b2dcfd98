"""Files for a container, as a tar that is written while it is sent."""

from __future__ import annotations

import os
import stat
import tarfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fahr_core.errors import DiskError, UsageError
from fahr_core.experiment import shown
from fahr_docker.layer import MODIFIED
from fahr_docker.staged_tree import Entry

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

__all__ = ["ROOT", "Owner", "file", "folder", "input_entries", "tar_parts"]

_BLOCK = 512


@dataclass(frozen=True, slots=True)
class Owner:
    """Who owns the files in the container, in numbers."""

    uid: int
    gid: int

    @classmethod
    def read(cls, text: str) -> Owner:
        """Read ``uid`` or ``uid:gid``; a group that is not named has the user's number."""
        uid, _, gid = text.partition(":")
        return cls(int(uid), int(gid or uid))


ROOT = Owner(0, 0)


def folder(path: str) -> Entry:
    """Give an entry for a folder; the path is absolute, in the container."""
    return Entry(path=path.lstrip("/"), mode=0o755)


def file(path: str, content: bytes, mode: int = 0o644) -> Entry:
    """Give an entry for a small file."""
    return Entry(path=path.lstrip("/"), mode=mode, content=content, size=len(content))


def input_entries(source: Path, target: str) -> Iterator[Entry]:
    """Give a file or folder of this machine as it will lie below ``target``, read-only.

    Links stay links. What is neither file, folder nor link is left out.

    Raises:
        DiskError: something cannot be read.
        UsageError: it is not there any more.
    """
    try:
        yield from _walk(source, target.lstrip("/"), top=True)
    except FileNotFoundError as error:
        raise UsageError(f"input {shown(source)} is not there any more") from error
    except OSError as error:
        where = shown(error.filename or source)
        raise DiskError(f"{where} cannot be read: {error.strerror or error}") from error


def tar_parts(
    entries: Iterable[Entry], owner: Owner, above: Iterable[Entry] = ()
) -> Iterator[bytes]:
    """Give a tar of entries in pieces, all of them of one owner.

    Args:
        entries: What the owner gets.
        owner: Who owns it.
        above: What comes before it and is root's, such as the folder that all of it is in.

    Raises:
        DiskError: a file cannot be read, or became shorter.
    """
    yield from _members(above, ROOT)
    yield from _members(entries, owner)
    yield b"\0" * 2 * _BLOCK


def _members(entries: Iterable[Entry], owner: Owner) -> Iterator[bytes]:
    for entry in entries:
        yield _header(entry, owner)
        yield from entry.parts()
        if rest := -entry.size % _BLOCK:
            yield b"\0" * rest


def _walk(place: Path, path: str, *, top: bool = False) -> Iterator[Entry]:
    status = place.stat() if top else place.lstat()
    if stat.S_ISDIR(status.st_mode):
        yield Entry(path=path, mode=0o555)
        for name in sorted(os.listdir(place), key=os.fsencode):  # noqa: PTH208 - names are enough
            yield from _walk(place / name, f"{path}/{name}")
    elif stat.S_ISLNK(status.st_mode):
        yield Entry(path=path, mode=0o777, target=os.fspath(place.readlink()))
    elif stat.S_ISREG(status.st_mode):
        mode = 0o555 if status.st_mode & stat.S_IXUSR else 0o444
        yield Entry(path=path, mode=mode, content=place, size=status.st_size)


def _header(entry: Entry, owner: Owner) -> bytes:
    info = tarfile.TarInfo(entry.path)
    info.mtime, info.mode, info.size = MODIFIED, entry.mode, entry.size
    info.uid, info.gid = owner.uid, owner.gid
    if entry.is_folder:
        info.type = tarfile.DIRTYPE
    elif entry.target is not None:
        info.type, info.linkname = tarfile.SYMTYPE, entry.target
    return info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")
