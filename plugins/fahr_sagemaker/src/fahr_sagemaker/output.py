"""Fetching what a job left in S3: archives are unpacked while they come in.

Source: "Amazon SageMaker AI Training Storage Folders": ``model.tar.gz`` holds
``/opt/ml/model``, ``output.tar.gz`` holds ``/opt/ml/output/data``; uncompressed output lies
below ``model/`` and ``data/``.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from fahr_core.errors import DiskError, FahrError
from fahr_core.models import FetchedFile
from fahr_core.object_files import paths_of, save_each
from fahr_core.ranged import save
from fahr_core.unpacking import extract_tar, is_wanted
from fahr_sagemaker import asking, objects

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from fahr_core.hookspecs import Progress
    from fahr_core.models import FetchOptions, JobRef
    from fahr_sagemaker.objects import Object

__all__ = ["fetch_output"]

_MODEL, _DATA = "model.tar.gz", "output.tar.gz"
#: Files of ``output.tar.gz`` whose names are taken by the model's go below this folder.
_BESIDE = "output-data"
_FILES_AT_ONCE = 4


def fetch_output(
    ref: JobRef, destination: Path, options: FetchOptions, progress: Progress
) -> list[FetchedFile]:
    """Write a job's output into an empty folder and list the files.

    Raises:
        AccessError: the objects may not be read.
        DiskError: the disk is full or the folder cannot be written.
        FahrError: there is no such job, or an archive would leave the folder.
        ServiceError: S3 does not answer, or an archive is damaged.
    """
    told = asking.describe(ref)
    if told is None:
        raise FahrError(f"SageMaker knows no training job {asking.job_name(ref)}")
    path = str((told.get("OutputDataConfig") or {}).get("S3OutputPath") or "").rstrip("/")
    if not path:
        return []
    bucket, prefix = objects.split(f"{path}/{told['TrainingJobName']}/output/")
    return _Fetch(ref, destination, options, progress).run(bucket, prefix)


class _Fetch:
    """One fetch into one folder."""

    def __init__(
        self, ref: JobRef, destination: Path, options: FetchOptions, progress: Progress
    ) -> None:
        self._ref, self._destination = ref, destination
        self._options, self._progress = options, progress

    def run(self, bucket: str, prefix: str) -> list[FetchedFile]:
        """Fetch what lies below the job's prefix: archives, plain files, or nothing."""
        found = {
            item.key.removeprefix(prefix): item
            for item in objects.find_objects(self._ref, bucket, prefix)
        }
        archives = [name for name in (_MODEL, _DATA) if name in found]
        fetched: list[FetchedFile] = []
        for name in archives:
            fetched += self._archive(name, found[name])
        return fetched + self._plain_files(found)

    def _archive(self, name: str, item: Object) -> list[FetchedFile]:
        if not self._options.extract:
            return [self._saved(name, item)] if is_wanted(name, self._options.include) else []
        folder = self._destination / _BESIDE if name == _DATA else self._destination
        with objects.read(self._ref, item, told=self._teller(name, item)) as stream:
            files = extract_tar(
                stream,
                folder,
                include=self._options.include,
                refused=self._left_out,
            )
        return files if name == _MODEL else _moved_up(self._destination, files)

    def _plain_files(self, found: dict[str, Object]) -> list[FetchedFile]:
        model = self._paths(found, "model/")
        data = self._paths(found, "data/")
        beside = {f"{_BESIDE}/{path}" if path in model else path: data[path] for path in data}
        return save_each(self._saved, model | beside, self._destination, _FILES_AT_ONCE)

    def _paths(self, found: dict[str, Object], folder: str) -> dict[str, Object]:
        named = [(key.removeprefix(folder), key) for key in found if key.startswith(folder)]
        paths = paths_of(named, self._options.include, self._left_out)
        return {path: found[key] for path, key in paths.items()}

    def _left_out(self, why: str) -> None:
        self._progress("left out", why)

    def _saved(self, name: str, item: Object) -> FetchedFile:
        at_once = None if name in (_MODEL, _DATA) else 1  # of plain files several come at once
        told = self._teller(name, item)
        with objects.read(self._ref, item, told=told, at_once=at_once) as stream:
            return FetchedFile(path=name, size=save(stream, self._destination / name))

    def _teller(self, name: str, item: Object) -> Callable[[int], None]:
        return lambda done: self._progress(name, done=done, total=item.size)


def _moved_up(destination: Path, files: Sequence[FetchedFile]) -> list[FetchedFile]:
    """Move files from their own folder to the top, but for those whose names are taken."""
    try:
        moved = [
            FetchedFile(path=_one_up(destination, file.path), size=file.size) for file in files
        ]
        _remove_empty(destination / _BESIDE)
    except OSError as error:
        raise DiskError(f"cannot write to {destination}: {error.strerror or error}") from error
    return moved


def _one_up(destination: Path, path: str) -> str:
    place = destination / path
    if os.path.lexists(place) or not _can_hold(destination, place.parent):
        return f"{_BESIDE}/{path}"
    place.parent.mkdir(parents=True, exist_ok=True)
    (destination / _BESIDE / path).replace(place)
    return path


def _can_hold(destination: Path, folder: Path) -> bool:
    """Tell whether a folder is one, or could be made one, through no link and no file."""
    while folder != destination:
        if os.path.lexists(folder) and (folder.is_symlink() or not folder.is_dir()):
            return False
        folder = folder.parent
    return True


def _remove_empty(folder: Path) -> None:
    for place, _, _ in os.walk(folder, topdown=False):
        if not os.listdir(place):  # noqa: PTH208 - only whether there is anything
            os.rmdir(place)  # noqa: PTH106
