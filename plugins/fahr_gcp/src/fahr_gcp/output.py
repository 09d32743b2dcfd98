"""Fetching what a job left in its bucket: several files at once, each whole and checked.

Source: CustomJobSpec.baseOutputDirectory, Vertex AI API reference: below it lie ``model/``,
``checkpoints/`` and ``logs/``, the last for TensorBoard.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fahr_core.errors import FahrError
from fahr_core.models import FetchedFile
from fahr_core.object_files import paths_of, save_each
from fahr_core.ranged import save
from fahr_gcp import asking, names, objects
from fahr_gcp.checksums import Checked
from fahr_gcp.compressed import Unpacked, is_packed
from fahr_gcp.references import reference

if TYPE_CHECKING:
    from pathlib import Path

    from fahr_core.hookspecs import Progress
    from fahr_core.models import FetchOptions, JobRef
    from fahr_gcp.objects import Object

__all__ = ["fetch_output"]

_FILES_AT_ONCE = 4
#: Parts of files that come at once, over all files: what lies in memory.
_PARTS_AT_ONCE = 8
#: What a job of fahr's keeps for itself beside its output.
_NOT_OUTPUT = (f"{names.CHECKPOINTS}/", f"{names.FAILURES}/")


def fetch_output(
    ref: JobRef, destination: Path, options: FetchOptions, progress: Progress
) -> list[FetchedFile]:
    """Write a job's output into an empty folder and list the files.

    What lies below ``model/`` comes to the top, anything else that the job left beside it, such
    as ``logs/``, keeps its folder.  Checkpoints come only of a job that fahr did not send.

    Raises:
        AccessError: the objects may not be read.
        DiskError: the disk is full or the folder cannot be written.
        FahrError: there is no such job.
        ServiceError: Google does not answer, or a file came damaged.
    """
    told = asking.describe(ref)
    if told is None:
        raise FahrError(f"Vertex AI knows no custom job {ref.id}")
    known = asking.asked(ref, lambda client: reference(told, client))
    place = known.data.get("place")
    if not place:
        progress("left out", "the job names no folder for its output (baseOutputDirectory)")
        return []
    return _Fetch(known, destination, options, progress).run(str(place))


class _Fetch:
    """One fetch into one folder."""

    def __init__(
        self, ref: JobRef, destination: Path, options: FetchOptions, progress: Progress
    ) -> None:
        self._ref, self._destination = ref, destination
        self._options, self._progress = options, progress
        self._parts = 1

    def run(self, place: str) -> list[FetchedFile]:
        """Fetch what lies below the job's folder in the bucket."""
        _, prefix = objects.split(f"{place}/")
        found = objects.find_objects(self._ref, f"{place}/")
        model, beside = [], []
        for item in found:
            name = item.name.removeprefix(prefix)
            if name.startswith(f"{names.OUTPUT}/"):
                model.append((name.removeprefix(f"{names.OUTPUT}/"), item))
            elif self._is_output(name):
                beside.append((name, item))
        paths = paths_of([*model, *beside], self._options.include, self._left_out)
        self._parts = max(1, _PARTS_AT_ONCE // max(1, min(_FILES_AT_ONCE, len(paths))))
        return save_each(self._saved, paths, self._destination, _FILES_AT_ONCE)

    def _is_output(self, name: str) -> bool:
        by_fahr = "run_id" in self._ref.data
        return not (by_fahr and name.startswith(_NOT_OUTPUT))

    def _saved(self, path: str, item: Object) -> FetchedFile:
        def told(done: int) -> None:
            self._progress(path, done=done, total=item.size)

        with objects.read(self._ref, item, told=told, at_once=self._parts) as stream:
            checked = Checked(stream, item)
            packed = is_packed(stream, item.encoding)
            size = save(Unpacked(checked, path) if packed else checked, self._destination / path)
        checked.check()
        return FetchedFile(path=path, size=size)

    def _left_out(self, why: str) -> None:
        self._progress("left out", why)
