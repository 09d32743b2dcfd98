"""Objects that are stored compressed and are to be files as they were.

Cloud Storage itself unpacks such an object for whoever does not take gzip, but gives no ranges of
it then, and has the checksum of what is stored.  So it comes as it is stored and is unpacked here.
Source: "Transcoding of gzip-compressed files", Cloud Storage.
"""

from __future__ import annotations

import gzip
import zlib
from typing import IO, TYPE_CHECKING, cast

from fahr_core.errors import ServiceError

if TYPE_CHECKING:
    import io

    from fahr_core.ranged import Readable

__all__ = ["Unpacked", "is_packed"]

_MAGIC = b"\x1f\x8b"


def is_packed(stream: io.BufferedReader, encoding: str) -> bool:
    """Tell whether a stream is gzip's, as its object says; some say so and are not."""
    return encoding == "gzip" and stream.peek(len(_MAGIC))[: len(_MAGIC)] == _MAGIC


class Unpacked:
    """What was packed into a stream, read forward."""

    def __init__(self, stream: Readable, name: str) -> None:
        self._packed = gzip.GzipFile(fileobj=cast("IO[bytes]", stream), mode="rb")
        self._name = name

    def read(self, size: int, /) -> bytes:
        """Give up to ``size`` bytes, none at the end.

        Raises:
            ServiceError: it is not gzip's all along.
        """
        try:
            return self._packed.read(size)
        except (OSError, EOFError, zlib.error) as error:
            raise ServiceError(f"{self._name} is damaged where it is stored: {error}") from error
