"""The entries of the staged tree as one layer: a tar, compressed when it has to be sent.

The tar is the same for the same entries on every platform and Python: times and owners are
fixed, the order is that of the paths.  Its digest, the *diff id*, names the content.  What
compressing makes of it depends on the zlib that Python was built with (zlib-ng differs from
zlib), so the digest of the packed layer may differ between machines: nothing is looked up by
it.
"""

from __future__ import annotations

import hashlib
import struct
import tarfile
import zlib
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import IO, TYPE_CHECKING, Protocol

from fahr_core.errors import ArtifactError, DiskError
from fahr_core.paths import cache_folder
from fahr_docker.registry.blobs import Blob

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from fahr_docker.staged_tree import Entry

__all__ = ["Layer", "code_layer", "packed", "write_tar"]

#: 1980-01-01, as in snapshots.
MODIFIED = 315_532_800
LEVEL = 6
_BLOCK = 512
_IN_MEMORY = 16 * 1024**2  # bytes of a packed layer; a larger one is written to the cache


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """A layer that is not packed yet; ``size`` is the tar's, in bytes."""

    diff_id: str
    size: int
    entries: tuple[Entry, ...]


class _Sink(Protocol):
    def write(self, data: bytes, /) -> object: ...


def code_layer(entries: Iterable[Entry]) -> Layer:
    """Make the layer of some entries; it is only counted here, :func:`packed` packs it.

    Raises:
        DiskError: a file cannot be read.
    """
    kept = tuple(entries)
    counted = _Counted()
    write_tar(kept, counted)
    return Layer(diff_id=counted.digest, size=counted.size, entries=kept)


@contextmanager
def packed(layer: Layer) -> Iterator[Blob]:
    """Give the layer compressed, for as long as the block lasts.

    Raises:
        ArtifactError: a file changed since the layer was counted.
        DiskError: a file cannot be read, or the cache's disk is full.
    """
    with ExitStack() as stack:
        try:
            cache_folder().mkdir(parents=True, exist_ok=True)
            stream = stack.enter_context(SpooledTemporaryFile(_IN_MEMORY, dir=str(cache_folder())))
            blob = _pack(layer, stream)
        except OSError as error:
            why = error.strerror or error
            raise DiskError(f"cannot write to {cache_folder()}: {why}") from error
        yield blob


def write_tar(entries: Iterable[Entry], sink: _Sink) -> None:
    """Write entries as a tar: owner root, fixed times, odd names in PAX headers.

    Raises:
        DiskError: a file cannot be read.
    """
    for entry in entries:
        sink.write(_header(entry))
        for part in entry.parts():
            sink.write(part)
        sink.write(b"\0" * (-entry.size % _BLOCK))
    sink.write(b"\0" * 2 * _BLOCK)


def _pack(layer: Layer, stream: IO[bytes]) -> Blob:
    packing = _Packing(stream)
    write_tar(layer.entries, packing)
    packing.finish()
    if packing.tar.digest != layer.diff_id:
        raise ArtifactError("files changed while they were packed", "nothing was sent")
    return Blob(digest=packing.out.digest, size=packing.out.size, stream=stream)


class _Counted:
    """Counts what is written, and passes it on to a stream if there is one."""

    def __init__(self, stream: IO[bytes] | None = None) -> None:
        self._hash = hashlib.sha256()
        self._stream = stream
        self.size = 0

    def write(self, data: bytes, /) -> None:
        self._hash.update(data)
        self.size += len(data)
        if self._stream is not None:
            self._stream.write(data)

    @property
    def digest(self) -> str:
        return "sha256:" + self._hash.hexdigest()


class _Packing:
    """Writes a gzip stream whose header holds no name, time or system (RFC 1952)."""

    def __init__(self, stream: IO[bytes]) -> None:
        self.tar, self.out = _Counted(), _Counted(stream)
        self._check = 0
        self._deflate = zlib.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
        self.out.write(b"\x1f\x8b\x08\0\0\0\0\0\0\xff")

    def write(self, data: bytes, /) -> None:
        self.tar.write(data)
        self._check = zlib.crc32(data, self._check)
        self.out.write(self._deflate.compress(data))

    def finish(self) -> None:
        self.out.write(self._deflate.flush())
        self.out.write(struct.pack("<LL", self._check, self.tar.size & 0xFFFFFFFF))


def _header(entry: Entry) -> bytes:
    info = tarfile.TarInfo(entry.path)
    info.mtime, info.mode, info.size = MODIFIED, entry.mode, entry.size
    if entry.is_folder:
        info.type = tarfile.DIRTYPE
    elif entry.target is not None:
        info.type, info.linkname = tarfile.SYMTYPE, entry.target
    return info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")
