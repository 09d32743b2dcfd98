"""The snapshot: what runs is what was there at submission.

The files that travel (:mod:`fahr_core.travel`) become one tar that is the same for the same
files, whoever owns them and whenever they were written, and that tar is kept by its digest.
"""

from __future__ import annotations

import hashlib
import os
import tarfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from fahr_core.durations import size as size_text
from fahr_core.errors import ArtifactError
from fahr_core.experiment import shown
from fahr_core.models import Code
from fahr_core.store import stored_path, writing
from fahr_core.travel import Entry, travellers, unreadable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from fahr_core.experiment import Experiment
    from fahr_core.travel import Travellers

__all__ = ["describe", "extract", "size_warning", "survey", "take"]

RUN_SCRIPT = "run.sh"
#: 1980-01-01: the first time that a zip archive can hold as well.
MODIFIED = 315_532_800
LARGE = 100 * 1000**2  # bytes that travel without a warning
_CHUNK = 1024 * 1024
_BLOCK = 512
_NAMED = 3


class _Sink(Protocol):
    def write(self, data: bytes, /) -> object: ...


class _Counted:
    """Takes what would be stored and keeps nothing but its digest."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()

    def write(self, data: bytes, /) -> None:
        self._hash.update(data)

    @property
    def digest(self) -> str:
        return "sha256:" + self._hash.hexdigest()


def take(
    experiment: Experiment,
    *,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    fetched: Mapping[str, tuple[int, int]] | None = None,
    warn: Callable[[str], None] | None = None,
) -> Code:
    """Keep the experiment's files as they are now.

    Args:
        experiment: The folder and its artifact.
        include: Patterns of what travels although a rule leaves it out.
        exclude: Patterns of what never travels.
        fetched: What is an earlier job's output; see :func:`~fahr_core.travel.travellers`.
        warn: Is told what a person would not expect, one line at a time.

    Raises:
        ArtifactError: something that should travel cannot be read.
        DiskError: the store's disk is full or cannot be written.
        UsageError: a pattern or an ignore file is wrong.
    """
    found = travellers(experiment, include=include, exclude=exclude, fetched=fetched, warn=warn)
    with writing() as content:
        written = _write_tar(content, found.entries)
    return _code(content.digest, written, found)


def survey(
    experiment: Experiment,
    *,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    fetched: Mapping[str, tuple[int, int]] | None = None,
    warn: Callable[[str], None] | None = None,
) -> Code:
    """Give what :func:`take` would, and store nothing: for a dry run.

    Raises:
        ArtifactError: something that should travel cannot be read.
        UsageError: a pattern or an ignore file is wrong.
    """
    found = travellers(experiment, include=include, exclude=exclude, fetched=fetched, warn=warn)
    counted = _Counted()
    written = _write_tar(counted, found.entries)
    return _code(counted.digest, written, found)


def extract(digest: str, destination: Path) -> None:
    """Unpack a snapshot into a folder, which is made when missing.

    Raises:
        DiskError: the disk is full or the folder cannot be written.
        FahrError: the snapshot is not on this machine any more.
    """
    from fahr_core.store import read
    from fahr_core.unpacking import extract_tar

    archive = stored_path(digest)
    if not archive.is_file():
        read(digest)  # says that it is gone
    extract_tar(archive, destination)


def describe(code: Code, width: int = 71) -> str:
    """Tell in one line what travels: ``train.py, net.py: 9 kB   left out: data/ 1.2 GB``.

    ``width`` is what 80 columns leave after the stage's name.
    """
    names = ", ".join(shown(path) for path, _ in code.largest)
    if code.files > _NAMED or len(names) > width // 2:
        names = f"{code.files} file{'s' if code.files != 1 else ''}"
    line = f"{names}: {size_text(code.size)}"
    return line + _left_out(code, width - len(line))


def size_warning(code: Code) -> str | None:
    """Give a warning for a snapshot above 100 MB, None for others."""
    if code.size <= LARGE:
        return None
    largest = ", ".join(f"{shown(path)} {size_text(size)}" for path, size in code.largest)
    return f"{size_text(code.size)} travel with each job ({largest}): leave out by .fahrignore"


def _left_out(code: Code, room: int) -> str:
    line, items = "", [_told(path, size) for path, size in code.left_out]
    for number, item in enumerate(items, start=1):
        longer = f"{line}, {item}" if line else f"   left out: {item}"
        more = f", {len(items) - number} more" if number < len(items) else ""
        if len(longer + more) > room:
            return f"{line}, {len(items) - number + 1} more" if line else longer[:room]
        line = longer
    return line


def _told(path: str, size: int) -> str:
    if abs(size) < 1000**2:
        return shown(path)
    return f"{shown(path)} {'>' if size < 0 else ''}{size_text(abs(size))}"


def _code(digest: str, written: Sequence[Entry], found: Travellers) -> Code:
    files = [entry for entry in written if not entry.folder]
    largest = sorted(files, key=lambda entry: (-entry.size, entry.path))[:_NAMED]
    return Code(
        digest=digest,
        files=len(files),
        size=sum(entry.size for entry in files),
        largest=tuple((entry.path, entry.size) for entry in largest),
        left_out=found.left_out,
        run_script=RUN_SCRIPT if any(entry.path == RUN_SCRIPT for entry in files) else None,
    )


def _write_tar(sink: _Sink, entries: Iterable[Entry]) -> list[Entry]:
    """Write the tar and give what it holds, with the sizes that were read."""
    written = []
    for entry in entries:
        if entry.folder or entry.target is not None:
            sink.write(_header(entry))
            written.append(entry)
        elif (file := _write_file(sink, entry)) is not None:
            written.append(file)
    sink.write(b"\0" * 2 * _BLOCK)
    return written


def _write_file(sink: _Sink, entry: Entry) -> Entry | None:
    """Write a file as it is at its opening; give None when it has gone by then."""
    parts = _parts(entry)
    size, part = next(parts, (-1, b""))
    if size < 0:
        return None
    entry = replace(entry, size=size)
    sink.write(_header(entry))
    sink.write(part)
    for _, part in parts:
        sink.write(part)
    sink.write(b"\0" * (-size % _BLOCK))
    return entry


def _parts(entry: Entry) -> Iterator[tuple[int, bytes]]:
    """Read a file piece by piece, each with the size of the whole.

    What is appended meanwhile is not read: the size is in the tar already.
    """
    try:
        with Path(entry.source).open("rb") as stream:
            part = stream.read(_CHUNK)
            size = len(part)
            if size == _CHUNK:
                size = max(size, os.fstat(stream.fileno()).st_size)
            yield size, part
            left = size - len(part)
            while left:
                if not (part := stream.read(min(left, _CHUNK))):
                    raise ArtifactError(f"{shown(entry.path)} became shorter while it was read")
                yield size, part
                left -= len(part)
    except FileNotFoundError:
        return
    except OSError as error:
        raise unreadable(entry.path, error) from None


def _header(entry: Entry) -> bytes:
    info = tarfile.TarInfo(entry.path)
    info.mtime = MODIFIED
    info.mode = 0o755 if entry.folder or entry.executable or entry.path == RUN_SCRIPT else 0o644
    if entry.folder:
        info.type = tarfile.DIRTYPE
    elif entry.target is not None:
        info.type, info.linkname = tarfile.SYMTYPE, entry.target
    else:
        info.size = entry.size
    return info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")
