"""Checksums of objects, counted while their bytes come in.

Every object has a CRC32C; one that was composed of others, as large uploads and appending to a
mounted bucket make it, has no MD5.  CRC32C costs next to nothing where google-crc32c has its
compiled part, and minutes for a gigabyte where it has not: MD5 is taken there, if there is one.
Source: "Data validation and change detection", Cloud Storage.
"""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Any, Protocol

from fahr_core.errors import ServiceError

if TYPE_CHECKING:
    from fahr_core.ranged import Readable
    from fahr_gcp.objects import Object

__all__ = ["Checked"]


class _Sum(Protocol):
    def update(self, data: bytes, /) -> None: ...

    def digest(self) -> bytes: ...


class Checked:
    """A stream of an object's bytes that counts its checksum."""

    def __init__(self, stream: Readable, item: Object) -> None:
        self._stream, self._item = stream, item
        self._sum, self._wanted = _sum_of(item)

    def read(self, size: int, /) -> bytes:
        """Give up to ``size`` bytes, none at the end."""
        chunk = self._stream.read(size)
        if self._sum is not None:
            self._sum.update(chunk)
        return chunk

    def check(self) -> None:
        """See that what was read is what the service has.

        Raises:
            ServiceError: it is not.
        """
        if self._sum is None:
            return
        counted = base64.b64encode(self._sum.digest()).decode()
        if counted != self._wanted:
            name = f"gs://{self._item.bucket}/{self._item.name}"
            raise ServiceError(
                f"{name} came damaged: its checksum is {counted}, not {self._wanted}",
                "the same command fetches it again",
            )


def _sum_of(item: Object) -> tuple[_Sum | None, str]:
    """Give what counts, and what it has to come to."""
    if item.crc32c and (quick := _quick_crc32c()) is not None:
        return quick, item.crc32c
    if item.md5:
        return hashlib.md5(usedforsecurity=False), item.md5
    if item.crc32c:
        return _any_crc32c(), item.crc32c
    return None, ""


def _quick_crc32c() -> _Sum | None:
    import google_crc32c

    return _any_crc32c() if google_crc32c.implementation == "c" else None


def _any_crc32c() -> _Sum:
    import google_crc32c

    maker: Any = google_crc32c.Checksum  # it says nothing of its types
    made: _Sum = maker()
    return made
