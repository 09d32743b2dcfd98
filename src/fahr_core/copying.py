"""Copying an experiment: what makes the next one begin where this one stands."""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fahr_core.errors import ArtifactError, DiskError, OverwriteError, UsageError
from fahr_core.experiment import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["CopyReport", "copy_experiment"]

_FILES = (
    "Dockerfile",
    ".dockerignore",
    "run.sh",
    "requirements.txt",
    "environment.yaml",
    "environment.yml",
    "pyproject.toml",
    "uv.lock",
    ".python-version",
    "fahr.toml",
    ".fahrignore",
    "kernel-metadata.json",
    ".fahr/environment.lock",
)
_FOLDERS = (".fahr/templates",)
_NONE = ("", "none")


@dataclass(frozen=True, slots=True)
class CopyReport:
    """What was copied and what was kept as it was; paths relative to both folders."""

    copied: tuple[str, ...]
    kept: tuple[str, ...]


def copy_experiment(
    source: Path, destination: Path, *, include_artifact: str | None = None, overwrite: bool = False
) -> CopyReport:
    """Copy an experiment's environment, settings and rendered files to another folder.

    Args:
        source: The experiment to copy.
        destination: The new one's folder, made when missing.
        include_artifact: The training artifact to take along, relative to ``source``; None,
            an empty text or ``None`` in letters for none.
        overwrite: Replace files that are there.

    Raises:
        ArtifactError: there is no such artifact.
        DiskError: a file cannot be read or written.
        OverwriteError: a folder stands where a file should go.
        UsageError: the source is no folder, the same folder, or holds nothing to copy.
    """
    _check(source, destination)
    names = [*_found(source), *_artifact(source, include_artifact)]
    if not names:
        raise UsageError(
            f"nothing to copy in {shown(source)}: no run.sh, fahr.toml or environment file"
        )
    kept = [name for name in names if _stands(destination, name)]
    copied = names if overwrite else [name for name in names if name not in kept]
    for name in copied:
        _copy(source / name, destination / name)
    return CopyReport(tuple(copied), () if overwrite else tuple(kept))


def _check(source: Path, destination: Path) -> None:
    if not source.is_dir():
        what = "is no folder" if source.exists() else "is not there"
        raise UsageError(f"the experiment {shown(source)} {what}")
    if destination.exists() and not destination.is_dir():
        raise UsageError(f"{shown(destination)} is no folder")
    if source.resolve() == destination.resolve():
        raise UsageError(f"{shown(source)} and {shown(destination)} are the same folder")


def _found(source: Path) -> Iterator[str]:
    yield from (name for name in _FILES if (source / name).is_file())
    for folder in _FOLDERS:
        files = (file for file in sorted((source / folder).rglob("*")) if file.is_file())
        yield from (file.relative_to(source).as_posix() for file in files)


def _artifact(source: Path, name: str | None) -> list[str]:
    if name is None or name.casefold() in _NONE:
        return []
    file = source / name
    if not file.is_file():
        raise _missing(source, name)
    if not file.resolve().is_relative_to(source.resolve()):
        raise ArtifactError(f"{shown(name)} is outside of {shown(source)}")
    return [Path(os.path.normpath(name)).as_posix()]


def _missing(source: Path, name: str) -> ArtifactError:
    from fahr_core.names import did_you_mean

    guess = did_you_mean(name, [file.name for file in source.iterdir() if file.is_file()])
    question = f"; did you mean {shown(guess)}?" if guess else ""
    return ArtifactError(f"no file {shown(name)} in {shown(source)}{question}")


def _stands(destination: Path, name: str) -> bool:
    place = destination / name
    if place.is_dir():
        raise OverwriteError(f"{shown(place)} is a folder, the file {shown(name)} cannot go there")
    return os.path.lexists(place)


def _copy(source: Path, place: Path) -> None:
    """Copy content and permissions, so that the place holds the old file or the new one."""
    temporary = None
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=place.parent, prefix=".fahr-copying-")
        os.close(descriptor)
        shutil.copyfile(source, temporary)
        shutil.copymode(source, temporary)
        Path(temporary).replace(place)
    except OSError as error:
        raise DiskError(
            f"cannot copy {shown(source)} to {shown(place)}: {error.strerror or error}"
        ) from error
    finally:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
