"""Local inputs on their way to a store of objects: each content once, several files at once."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from fahr_core.input_files import amount_of, files_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from fahr_core.hookspecs import Progress
    from fahr_core.input_files import InputFile

__all__ = ["ObjectStore", "upload_inputs"]

#: Lies beside an input's folder once all of it is there.
_WHOLE = ".whole"
_AT_ONCE = 8


class ObjectStore(Protocol):
    """What a service's store of objects does with inputs; places are URIs of it."""

    def holds(self, place: str) -> bool:
        """Tell whether an object is there."""

    def put(self, place: str, content: bytes) -> None:
        """Put a small object there."""

    def put_file(self, place: str, file: InputFile, sent: Callable[[int], None]) -> None:
        """Put a file there, and tell of every so many bytes that were sent."""


def upload_inputs(
    store: ObjectStore, inputs: Mapping[str, str], progress: Progress
) -> tuple[int, int]:
    """Bring local inputs to their folders; give how many were sent, and how many were there.

    Args:
        store: Where to.
        inputs: The folder at the service for each local path, by the path.
        progress: Is told how far it is.
    """
    uploaded = reused = 0
    for path, place in inputs.items():
        if store.holds(place.rstrip("/") + _WHOLE):
            reused += 1
        else:
            _upload(store, Path(path), place, progress)
            uploaded += 1
    return uploaded, reused


def _upload(store: ObjectStore, path: Path, place: str, progress: Progress) -> None:
    from fahr_core.side_by_side import side_by_side

    files = files_of(path)
    total = sum(file.size for file in files)
    progress("inputs", f"{path}: {amount_of(files)}, to {place}", 0, total)
    sent = _Sent(progress, total)
    side_by_side(lambda file: store.put_file(place + file.name, file, sent), files, _AT_ONCE)
    store.put(place.rstrip("/") + _WHOLE, b"")


class _Sent:
    """Counts what was sent, from several threads."""

    def __init__(self, progress: Progress, total: int) -> None:
        self._progress, self._total = progress, total
        self._done = 0
        self._lock = threading.Lock()

    def __call__(self, count: int) -> None:
        with self._lock:
            self._done += count
            done = self._done
        self._progress("inputs", "", done, self._total)
