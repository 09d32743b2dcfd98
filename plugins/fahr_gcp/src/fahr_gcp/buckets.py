"""Writing to Cloud Storage: what a job is given lies there before it is sent."""

from __future__ import annotations

import base64
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import quote

from fahr_core.errors import DiskError, FahrError, ServiceError
from fahr_gcp.failures import status_of
from fahr_gcp.objects import object_path, split

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from fahr_core.input_files import InputFile
    from fahr_gcp.client import Client

__all__ = ["Bucket"]

_SERVICE = "storage"
#: Bytes of one piece of a larger file, a multiple of 256 KiB; smaller ones go in one call.
#: Source: "Resumable uploads", Cloud Storage.
_PIECE = 8 * 1024 * 1024
_THERE = 412
_BYTES = {"Content-Type": "application/octet-stream"}


class Bucket:
    """Cloud Storage as a store of inputs; each object is checked by its MD5.

    Args:
        client: Whose credentials write.
        key: The KMS key that objects are encrypted with.
    """

    def __init__(self, client: Client, key: str | None = None) -> None:
        self._client = client
        own = {"kmsKeyName": key} if key else {}
        # An object of an earlier upload that broke off stays: the place is its content's, and
        # to replace it would take the permission to delete.
        self._query = {"ifGenerationMatch": "0", **own}

    def holds(self, place: str) -> bool:
        """Tell whether an object is there."""
        try:
            self._client.call(_SERVICE, "GET", object_path(*split(place)), {"fields": "name"})
        except FahrError as error:
            # Without the permission to list a bucket 403 is said of what is not there.
            if status_of(error) not in (403, 404):
                raise
            return False
        return True

    def put(self, place: str, content: bytes) -> None:
        """Put a small object there."""
        from hashlib import md5

        bucket, name = split(place)
        query = {"uploadType": "media", "name": name, **self._query}
        with _unless_there():
            told = self._client.call(
                _SERVICE, "POST", _upload_path(bucket), query, content, headers=_BYTES
            )
            _compare(place, told, md5(content, usedforsecurity=False).digest())

    def put_file(self, place: str, file: InputFile, sent: Callable[[int], None]) -> None:
        """Put a file there; a large one in pieces, each of which may be sent again."""
        try:
            with file.path.open("rb") as stream:
                if file.size <= _PIECE:
                    content = stream.read()
                    self.put(place, content)
                    sent(len(content))
                else:
                    with _unless_there():
                        self._put_pieces(place, stream, file.size, sent)
        except OSError as error:
            raise DiskError(f"{file.path} cannot be read: {error.strerror or error}") from error

    def _put_pieces(
        self, place: str, stream: IO[bytes], size: int, sent: Callable[[int], None]
    ) -> None:
        from hashlib import md5

        bucket, name = split(place)
        headers = {"X-Upload-Content-Length": str(size), **_BYTES}
        query = {"name": name, **self._query}
        address = self._client.begin_upload(_upload_path(bucket), query, headers)
        whole, told = md5(usedforsecurity=False), {}
        for start in range(0, size, _PIECE):
            piece = stream.read(min(_PIECE, size - start))
            whole.update(piece)
            span = {"Content-Range": f"bytes {start}-{start + len(piece) - 1}/{size}"}
            # A piece that arrived already is left where it is.
            told = self._client.call(_SERVICE, "PUT", address, body=piece, headers=span)
            sent(len(piece))
        _compare(place, told, whole.digest())


@contextmanager
def _unless_there() -> Iterator[None]:
    """Take an object for written that is there already."""
    try:
        yield
    except FahrError as error:
        if status_of(error) != _THERE:
            raise


def _upload_path(bucket: str) -> str:
    return f"upload/storage/v1/b/{quote(bucket, safe='')}/o"


def _compare(place: str, told: Mapping[str, Any], digest: bytes) -> None:
    there = told.get("md5Hash")
    if there and there != base64.b64encode(digest).decode():
        raise ServiceError(f"{place} did not arrive as it was sent", "fahr fit")
