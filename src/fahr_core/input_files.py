"""A local input as a store of objects holds it: files by name, uploaded once by their content.

Such a store has neither empty folders nor links, so that links count as what they lead to
(:func:`fahr_core.inputs.digest_of_tree` is for where a folder stays one).
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fahr_core.durations import size
from fahr_core.errors import DiskError, ServiceError, UsageError
from fahr_core.inputs import is_local

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from fahr_core.models import Input, Job, Request

__all__ = [
    "InputFile",
    "amount_of",
    "digest_of_files",
    "files_of",
    "local_inputs",
    "place_inputs",
    "uploads_told",
]

#: Below where the jobs' output goes; a folder for each content.
_FOLDER = "fahr-inputs"


@dataclass(frozen=True, slots=True, kw_only=True)
class InputFile:
    """A file of a local input: its name below the input's folder, where it lies, its size."""

    name: str
    path: Path
    size: int


def place_inputs(
    job: Job, output: str, remote: Callable[[Input], str]
) -> tuple[dict[str, str], dict[str, str]]:
    """Give where each input of a job lies at the service, by name, and what has to be put there.

    In a dry run the output of another job is not at hand yet; its folder has no digest then.

    Args:
        job: The job.
        output: The folder at the service below which contents are kept.
        remote: Gives the place of an input that is a URI, or refuses it.

    Raises:
        DiskError: a local input cannot be read.
        UsageError: an input lies where the service cannot read it.
    """
    places, uploads = {}, {}
    for item in job.inputs:
        if is_local(item.location):
            digest = digest_of_files(Path(item.location))
            place = _place_of(output, digest)
            uploads[place] = digest
        elif item.location.startswith("job:"):
            place = _place_of(output, item.location.replace(":", "-"))
        else:
            place = remote(item)
        places[item.name] = place
    return places, uploads


def local_inputs(request: Request, output: str) -> dict[str, str]:
    """Give the folder at the service for each local path that a request's job reads.

    Raises:
        DiskError: one cannot be read.
        ServiceError: one was changed since the request was made.
    """
    there = {}
    for item in request.job.inputs:
        if not is_local(item.location):
            continue
        place = _place_of(output, digest_of_files(Path(item.location)))
        if place not in request.uploads:
            raise ServiceError(f"{item.location} was changed while the job was made", "fahr fit")
        there[item.location] = place
    return there


def uploads_told(request: Request) -> list[str]:
    """Say of each local input what of it goes to the service, unless its content is there.

    Raises:
        DiskError: one cannot be read.
    """
    if not request.uploads:
        return []
    return [_told(item) for item in request.job.inputs if is_local(item.location)]


def _told(item: Input) -> str:
    whose = f"the output of {item.job}" if item.job else item.location
    amount = amount_of(files_of(Path(item.location)))
    return f"{item.name}: {whose}, {amount}; sent once for its content"


def amount_of(files: Sequence[InputFile]) -> str:
    """Say how many files these are and their size: ``3 files, 1.2 MB``."""
    count = f"{len(files)} file{'' if len(files) == 1 else 's'}"
    return f"{count}, {size(sum(file.size for file in files))}"


def digest_of_files(top: Path) -> str:
    """Give the digest of what would be uploaded of a file or folder: names and contents.

    Raises:
        DiskError: something in it cannot be read.
        UsageError: there is no file in it.
    """
    whole = hashlib.sha256()
    for file in files_of(top):
        with file.path.open("rb") as stream:
            content = hashlib.file_digest(stream, "sha256").digest()
        name = os.fsencode(file.name)
        whole.update(len(name).to_bytes(8, "big") + name + content)
    return "sha256:" + whole.hexdigest()


def files_of(top: Path) -> list[InputFile]:
    """List the files of a local input, by name; links count as what they lead to.

    Raises:
        DiskError: something in it cannot be read.
        UsageError: there is no file in it, or a link leads to a folder around itself.
    """
    try:
        found = sorted(_walk(top), key=lambda file: file.name)
    except OSError as error:
        where = error.filename or top
        raise DiskError(f"{where} cannot be read: {error.strerror or error}") from error
    if not found:
        raise UsageError(f"the input {top} holds no file")
    return found


def _place_of(output: str, digest: str) -> str:
    """Give the folder for content of this digest."""
    return f"{output.rstrip('/')}/{_FOLDER}/{digest.removeprefix('sha256:')[:40]}/"


def _walk(top: Path) -> Iterator[InputFile]:
    if top.is_file():
        yield InputFile(name=top.name, path=top, size=top.stat().st_size)
        return
    waiting = [(top, frozenset({os.path.realpath(top)}))]
    while waiting:
        folder, around = waiting.pop()
        with os.scandir(folder) as found:
            items = list(found)
        for item in items:
            path = Path(item.path)
            if item.is_dir():
                waiting.append((path, around | {_beyond(path, around)}))
            else:
                name = path.relative_to(top).as_posix()
                yield InputFile(name=name, path=path, size=item.stat().st_size)


def _beyond(folder: Path, around: frozenset[str]) -> str:
    real = os.path.realpath(folder)
    if real in around:
        raise UsageError(f"the link {folder} leads to a folder around itself")
    return real
