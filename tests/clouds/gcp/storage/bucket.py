"""Buckets and what lies in them: contents as files on this machine, checksums as the service's."""

from __future__ import annotations

import base64
import hashlib
import itertools
import os
import tempfile
import threading
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import google_crc32c

from tests.clouds.gcp.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

NO_BUCKET = "The specified bucket does not exist."
CONDITION = "At least one of the pre-conditions you specified did not hold."


@dataclass(frozen=True)
class Contents:
    """Bytes in a file, with their checksums."""

    file: Path
    size: int
    md5: str
    crc32c: str


@dataclass(frozen=True)
class StoredObject:
    """One generation of an object."""

    name: str
    contents: Contents
    generation: int
    created: float
    #: What the client says of it: contentType, metadata, cacheControl ...
    about: dict[str, Any] = field(default_factory=dict)
    metageneration: int = 1
    updated: float = 0.0

    @property
    def content(self) -> bytes:
        """Give its bytes."""
        return self.contents.file.read_bytes()


class Store:
    """The folder where contents lie, and the numbers of generations."""

    def __init__(self) -> None:
        """Make the folder."""
        self._own = tempfile.TemporaryDirectory(prefix="fahr-gcs-", ignore_cleanup_errors=True)
        self._numbers = itertools.count()
        self.folder = Path(self._own.name)
        #: Seconds between two writes to one object; 1 in truth, and not always insisted upon.
        self.pause = 0.0

    def close(self) -> None:
        """Remove the folder."""
        self._own.cleanup()

    def generation(self) -> int:
        """Give a number that is greater than all before."""
        return time.time_ns() // 1000 + next(self._numbers)

    def write(self, pieces: Iterable[bytes]) -> Contents:
        """Keep bytes."""
        handle, name = tempfile.mkstemp(dir=self.folder)
        digest, sum_ = hashlib.md5(usedforsecurity=False), google_crc32c.Checksum()
        with os.fdopen(handle, "wb") as file:
            for piece in pieces:
                file.write(piece)
                digest.update(piece)
                sum_.update(piece)
        return self._contents(Path(name), digest.digest(), sum_.digest())

    def adopt(self, file: Path) -> Contents:
        """Keep a file, which belongs to the store from then on."""
        digest, sum_ = hashlib.md5(usedforsecurity=False), google_crc32c.Checksum()
        with file.open("rb") as stream:
            while piece := stream.read(1 << 20):
                digest.update(piece)
                sum_.update(piece)
        return self._contents(file, digest.digest(), sum_.digest())

    def _contents(self, file: Path, md5: bytes, crc32c: bytes) -> Contents:
        told = [base64.b64encode(each).decode() for each in (md5, crc32c)]
        return Contents(file, file.stat().st_size, *told)


class Bucket:
    """A bucket; every change is one step under ``lock``."""

    def __init__(self, store: Store, name: str, location: str) -> None:
        """Make it, empty."""
        self.store, self.name, self.location = store, name, location
        self.created = time.time()
        self.metageneration = 1
        self.about: dict[str, Any] = {}
        self.lock = threading.RLock()
        self._objects: dict[str, StoredObject] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._objects

    def __getitem__(self, name: str) -> StoredObject:
        return self._objects[name]

    @property
    def names(self) -> list[str]:
        """Give the names of all objects, sorted as lists are: by their bytes in UTF-8."""
        return sorted(self._objects, key=str.encode)

    def find(self, name: str, generation: str = "") -> StoredObject:
        """Give an object.

        Raises:
            ApiError: there is none.
        """
        found = self._objects.get(name)
        if found is None or (generation and str(found.generation) != generation):
            shown = f"{self.name}/{name}" + (f"#{generation}" if generation else "")
            raise ApiError(404, f"No such object: {shown}")
        return found

    def put(
        self,
        name: str,
        contents: Contents,
        about: dict[str, Any] | None = None,
        check: Callable[[], None] = lambda: None,
    ) -> StoredObject:
        """Put an object in the place of what is there, once `check` raises nothing."""
        with self.lock:
            check()
            now = time.time()
            before = self._objects.get(name)
            made = StoredObject(
                name, contents, self.store.generation(), now, about or {}, updated=now
            )
            self._objects[name] = made
        if before:
            before.contents.file.unlink(missing_ok=True)
        return made

    def write(self, name: str, content: bytes) -> StoredObject:
        """Put an object, as tests do."""
        return self.put(name, self.store.write([content]))

    def describe(self, name: str, about: dict[str, Any]) -> StoredObject:
        """Say something else of an object."""
        with self.lock:
            found = self.find(name)
            changed = replace(
                found, about=about, metageneration=found.metageneration + 1, updated=time.time()
            )
            self._objects[name] = changed
            return changed

    def delete(self, name: str, generation: str = "") -> None:
        """Delete an object.

        Raises:
            ApiError: there is none.
        """
        with self.lock:
            found = self.find(name, generation)
            del self._objects[name]
        found.contents.file.unlink(missing_ok=True)

    def check(self, name: str, query: dict[str, str], *, reading: bool = False) -> None:
        """Check the conditions of a request.

        Raises:
            ApiError: one does not hold: 412, or 304 where nothing changed.
        """
        found = self._objects.get(name)
        check_conditions(
            query,
            found.generation if found else 0,
            found.metageneration if found else 0,
            reading=reading,
        )

    def check_pause(self, name: str) -> None:
        """Check when an object was written last.

        Raises:
            ApiError: a moment ago.
        """
        found = self._objects.get(name)
        if found and time.time() - found.created < self.store.pause:
            text = f"The object {self.name}/{name} exceeded the rate limit for object mutation "
            text += "operations (create, update, and delete). Please reduce your request rate."
            raise ApiError(429, text)


def check_conditions(
    query: dict[str, str], generation: int, metageneration: int, *, reading: bool = False
) -> None:
    """Check the conditions of a request against what is there (0: nothing).

    Raises:
        ApiError: one does not hold: 412, or 304 where nothing changed.
    """
    for word, has in (("Generation", generation), ("Metageneration", metageneration)):
        if (wanted := query.get(f"if{word}Match")) is not None and wanted != str(has):
            raise ApiError(412, CONDITION)
        if query.get(f"if{word}NotMatch") == str(has):
            raise ApiError(304 if reading else 412, CONDITION)
