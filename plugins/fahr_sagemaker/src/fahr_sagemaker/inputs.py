"""A job's inputs as channels: S3 folders as they are, local ones uploaded once by content."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fahr_core.errors import DiskError, UsageError
from fahr_core.inputs import is_local

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from fahr_core.models import Input, Job

__all__ = ["LocalFile", "channel", "channels_of", "files_of", "input_channels", "input_digest"]

#: Below the output path; a folder for each content.
_FOLDER = "fahr-inputs"


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalFile:
    """A file of a local input: its name below the input's folder, where it lies, its size."""

    name: str
    path: Path
    size: int


def input_channels(job: Job) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """Give the channels of a job's inputs, and which S3 folders have to hold which content.

    Raises:
        DiskError: a local input cannot be read.
        UsageError: an input lies where SageMaker cannot read it.
    """
    channels, uploads = [], {}
    for item in job.inputs:
        if is_local(item.location):
            digest = input_digest(Path(item.location))
            place = input_place(job, digest)
            uploads[place] = digest
        else:
            place = _remote_place(job, item)
        channels.append(channel(item.name, place))
    return channels, uploads


def channels_of(settings: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Give the channels that the settings name.

    Raises:
        UsageError: one lies where SageMaker cannot read it.
    """
    return [channel(name, _checked(name, uri)) for name, uri in settings["channels"].items()]


def channel(name: str, uri: str) -> dict[str, Any]:
    """Give a channel that brings all that lies below an S3 folder to every machine."""
    source = {"S3DataType": "S3Prefix", "S3Uri": uri, "S3DataDistributionType": "FullyReplicated"}
    return {"ChannelName": name, "DataSource": {"S3DataSource": source}}


def input_place(job: Job, digest: str) -> str:
    """Give the S3 folder for content of this digest."""
    output = str(job.settings["output_path"]).rstrip("/")
    return f"{output}/{_FOLDER}/{digest.removeprefix('sha256:')[:40]}/"


def input_digest(top: Path) -> str:
    """Give the digest of what would be uploaded of a file or folder: names and contents.

    Raises:
        DiskError: something in it cannot be read.
    """
    whole = hashlib.sha256()
    for file in files_of(top):
        with file.path.open("rb") as stream:
            content = hashlib.file_digest(stream, "sha256").digest()
        name = os.fsencode(file.name)
        whole.update(len(name).to_bytes(8, "big") + name + content)
    return "sha256:" + whole.hexdigest()


def files_of(top: Path) -> list[LocalFile]:
    """List the files of a local input, by name; links count as what they lead to.

    S3 has neither empty folders nor links.

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


def _walk(top: Path) -> Iterator[LocalFile]:
    if top.is_file():
        yield LocalFile(name=top.name, path=top, size=top.stat().st_size)
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
                yield LocalFile(name=name, path=path, size=item.stat().st_size)


def _beyond(folder: Path, around: frozenset[str]) -> str:
    real = os.path.realpath(folder)
    if real in around:
        raise UsageError(f"the link {folder} leads to a folder around itself")
    return real


def _remote_place(job: Job, item: Input) -> str:
    """Give the S3 folder of an input that is not local.

    In a dry run the output of another job is not at hand yet; its folder has no digest then.
    """
    if item.location.startswith("job:"):
        return input_place(job, item.location.replace(":", "-"))
    return _checked(item.name, item.location)


def _checked(name: str, uri: str) -> str:
    if uri.startswith("s3://"):
        return uri
    raise UsageError(
        f"input {name}: SageMaker cannot read {uri}",
        f"--input {name}=s3://bucket/prefix    or a local folder: --input {name}=./folder",
    )
