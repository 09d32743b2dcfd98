"""Cloud Storage's calls that read objects: what they are, and their bytes, in ranges."""

from __future__ import annotations

import gzip
import re
from typing import IO, TYPE_CHECKING, Any

from tests.clouds.gcp.errors import ApiError
from tests.clouds.gcp.routes import route
from tests.clouds.gcp.storage.resources import etag, shown_object
from tests.clouds.striking import Answer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.clouds.gcp.asked import Asked
    from tests.clouds.gcp.storage.bucket import StoredObject
    from tests.clouds.gcp.storage.buckets import BucketCalls

RANGE = re.compile(r"bytes=(\d*)-(\d*)")
PIECE = 1 << 18
UNSATISFIABLE = "Request range not satisfiable"


class Slice:
    """Part of a file, read while it is sent; the file may be deleted meanwhile."""

    def __init__(self, file: IO[bytes], start: int, size: int) -> None:
        """Take the open file."""
        self._file, self._start, self._size = file, start, size

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, part: slice) -> Slice:
        return Slice(self._file, self._start, part.stop)

    def __iter__(self) -> Iterator[bytes]:
        self._file.seek(self._start)
        left = self._size
        while left and (piece := self._file.read(min(PIECE, left))):
            left -= len(piece)
            yield piece

    def close(self) -> None:
        """Close the file, when all is sent (WSGI)."""
        self._file.close()


class DownloadCalls:
    """The calls that read an object."""

    def __init__(self, buckets: BucketCalls) -> None:
        """Take the calls that find a bucket."""
        self._buckets = buckets

    @route("GET /storage/v1/b/{bucket}/o/{object}", "storage:objects.get", "storage.objects.get")
    def get(self, asked: Asked) -> Any:
        """Tell of an object, or give its bytes."""
        if asked.query.get("alt") == "media":
            return self.media(asked)
        bucket, stored = self._find(asked)
        return shown_object(bucket, stored, asked.address)

    @route(
        "GET /download/storage/v1/b/{bucket}/o/{object}",
        "storage:objects.get",
        "storage.objects.get",
    )
    def media(self, asked: Asked) -> Answer:
        """Give the bytes of an object, or those that a range names."""
        _, stored = self._find(asked)
        if stored.about.get("contentEncoding") == "gzip" and not _takes_gzip(asked):
            return _unpacked(stored)
        contents = stored.contents
        hashes = f"crc32c={contents.crc32c}" + (f",md5={contents.md5}" if contents.md5 else "")
        headers = [
            ("Content-Type", stored.about.get("contentType", "application/octet-stream")),
            ("ETag", etag(stored.generation, stored.metageneration)),
            ("X-Goog-Hash", hashes),
            ("X-Goog-Generation", str(stored.generation)),
            ("X-Goog-Metageneration", str(stored.metageneration)),
            ("X-Goog-Storage-Class", "STANDARD"),
            ("X-Goog-Stored-Content-Length", str(contents.size)),
        ]
        if encoding := stored.about.get("contentEncoding"):
            headers.append(("Content-Encoding", encoding))
        status, start, size = 200, 0, contents.size
        if bounds := _bounds(asked.header("Range"), contents.size):
            status, (start, size) = 206, bounds
            last = start + size - 1
            headers.append(("Content-Range", f"bytes {start}-{last}/{contents.size}"))
        body = Slice(contents.file.open("rb"), start, size)
        return Answer(status, body, tuple(headers))

    def _find(self, asked: Asked) -> tuple[Any, StoredObject]:
        bucket, name = self._buckets.find(asked), asked.name("object")
        with bucket.lock:
            stored = bucket.find(name, asked.query.get("generation", ""))
            bucket.check(name, asked.query, reading=True)
        return bucket, stored


def _takes_gzip(asked: Asked) -> bool:
    return "gzip" in asked.header("Accept-Encoding")


def _unpacked(stored: StoredObject) -> Answer:
    """Give the whole content, unpacked, whatever range was asked for (decompressive transcoding).

    The hashes stay those of what is stored.
    """
    contents = stored.contents
    headers = (
        ("Content-Type", stored.about.get("contentType", "application/octet-stream")),
        ("Warning", "214 UploadServer gunzipped"),
        ("X-Goog-Hash", f"crc32c={contents.crc32c},md5={contents.md5}"),
        ("X-Goog-Generation", str(stored.generation)),
        ("X-Goog-Stored-Content-Encoding", "gzip"),
        ("X-Goog-Stored-Content-Length", str(contents.size)),
    )
    return Answer(200, gzip.decompress(stored.content), headers)


def _bounds(header: str, size: int) -> tuple[int, int] | None:
    """Give start and size of a range; None: the whole.

    Raises:
        ApiError: nothing lies in the range.
    """
    found = RANGE.fullmatch(header)
    if not found or header == "bytes=-":
        return None
    first, last = found.groups()
    if not first:
        start, end = max(0, size - int(last)), size
    else:
        start, end = int(first), min(size, int(last) + 1 if last else size)
    if start >= end:
        headers = (("Content-Range", f"bytes */{size}"),)
        raise ApiError(416, UNSATISFIABLE, headers=headers)
    return start, end - start
