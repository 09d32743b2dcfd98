"""Inputs: what a job reads under a name, wherever it lies.

``data=s3://bucket/prefix``, ``data=./folder`` and ``prior=job:resnet48-128-train-1`` become
values; a local path becomes absolute and has to be there.  Its content is counted only by who
needs it, with :func:`digest_of_tree`.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from fahr_core.errors import DiskError, UsageError
from fahr_core.experiment import shown
from fahr_core.models import Input

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["digest_of_tree", "is_local", "read_inputs"]

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://.+", re.DOTALL)  # one letter is a Windows drive
_JOB = "job:"


def read_inputs(texts: Sequence[str], cwd: Path) -> tuple[Input, ...]:
    """Read ``NAME=LOCATION`` texts, in their order.

    Args:
        texts: What was typed; a location is a URI, ``job:<name>`` or a local path.
        cwd: Where relative paths start.

    Raises:
        UsageError: no name or location, a name given twice, a path that is not there.
    """
    inputs: dict[str, Input] = {}
    for text in texts:
        found = _read(text, cwd)
        if found.name in inputs:
            raise UsageError(
                f"two inputs are called {found.name}: {shown(inputs[found.name].location)} and "
                f"{shown(found.location)}"
            )
        inputs[found.name] = found
    return tuple(inputs.values())


def is_local(location: str) -> bool:
    """Tell whether a location is a path of this machine."""
    return not location.startswith(_JOB) and not _URI.fullmatch(location)


def digest_of_tree(path: str | os.PathLike[str]) -> str:
    """Give the digest of a file's or a folder's content: names, bytes and links.

    Neither times nor owners count; of the permissions only who may execute. A link counts
    by where it leads, and is not followed, but for ``path`` itself.

    Raises:
        DiskError: something in it cannot be read.
    """
    try:
        top = Path(path).resolve()
        whole = hashlib.sha256()
        for name, place in _walk(top):
            for part in _described(name, place):
                whole.update(len(part).to_bytes(8, "big") + part)
    except OSError as error:
        where = shown(error.filename or path)
        raise DiskError(f"{where} cannot be read: {error.strerror or error}") from error
    return "sha256:" + whole.hexdigest()


def _read(text: str, cwd: Path) -> Input:
    name, found, location = text.partition("=")
    if not found or not location:
        raise UsageError(
            f'"{shown(text)}" is no input', "write --input NAME=LOCATION: --input data=./folder"
        )
    if not _NAME.fullmatch(name):
        raise UsageError(f'"{shown(name)}" is no name for an input: letters, digits, - and _')
    if location == _JOB:
        raise UsageError(f"input {name} names no job", f"--input {name}=job:NAME")
    return Input(name=name, location=_located(name, location, cwd))


def _located(name: str, location: str, cwd: Path) -> str:
    if not is_local(location):
        return location
    try:
        path = cwd / Path(location).expanduser()
        if path.exists():
            return str(path.absolute().resolve())
        raise _missing(name, location, path)
    except (OSError, RuntimeError) as error:  # too long a name; ~ of nobody; a loop of links
        raise UsageError(f"input {name}: {shown(location)}: {error}") from None


def _missing(name: str, location: str, path: Path) -> UsageError:
    from fahr_core.names import did_you_mean

    beside = [item.name for item in path.parent.iterdir()] if path.parent.is_dir() else []
    message = f"input {name}: no file or folder {shown(location)}"
    if guess := did_you_mean(path.name, beside):
        meant = os.path.join(os.path.dirname(location), guess)  # noqa: PTH118, PTH120
        return UsageError(f"{message}; did you mean {shown(meant)}?")
    return UsageError(message)


def _walk(top: Path) -> Iterator[tuple[str, Path]]:
    """Give all that is in a tree, in an order that only the names decide."""
    yield "", top
    waiting = [top] if top.is_dir() else []
    while waiting:
        folder = waiting.pop()
        for item in sorted(os.scandir(folder), key=lambda item: os.fsencode(item.name)):
            place = Path(item.path)
            yield place.relative_to(top).as_posix(), place
            if item.is_dir(follow_symlinks=False):
                waiting.append(place)


def _described(name: str, place: Path) -> tuple[bytes, bytes, bytes]:
    status = place.lstat()
    if stat.S_ISLNK(status.st_mode):
        return os.fsencode(name), b"link", os.fsencode(place.readlink())
    if stat.S_ISDIR(status.st_mode):
        return os.fsencode(name), b"folder", b""
    if not stat.S_ISREG(status.st_mode):
        raise OSError(None, "neither file nor folder", str(place))
    kind = b"program" if status.st_mode & stat.S_IXUSR else b"file"
    return os.fsencode(name), kind, _content_digest(place)


def _content_digest(file: Path) -> bytes:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").digest()
