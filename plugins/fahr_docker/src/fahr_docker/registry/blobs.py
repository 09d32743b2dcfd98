"""Blobs: contents by digest, sent in one piece or in several, and taken up again after a cut.

Source: "Pushing blobs" in the OCI distribution specification 1.1.
"""

from __future__ import annotations

import hashlib
import io
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from fahr_core.errors import AccessError, DiskError, ServiceError
from fahr_core.store import digest_of
from fahr_docker.registry.exchange import Body, Broken
from fahr_docker.registry.service import error_codes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fahr_docker.registry.exchange import Answer
    from fahr_docker.registry.service import Service

__all__ = ["Blob", "blob_size", "download", "mount", "read_blob", "upload"]

#: Bytes sent by one request: what is lost at most when a connection is cut.
CHUNK = 16 * 1024**2
_PIECE = 64 * 1024
_SMALL = 16 * 1024**2  # bytes that are read into memory


@dataclass(frozen=True, slots=True, kw_only=True)
class Blob:
    """A content to send: its digest, its size in bytes, and a stream that can seek."""

    digest: str
    size: int
    stream: IO[bytes]

    @classmethod
    def of(cls, content: bytes) -> Blob:
        """Make one of bytes."""
        return cls(digest=digest_of(content), size=len(content), stream=io.BytesIO(content))


def blob_size(service: Service, digest: str) -> int | None:
    """Give the size of a blob in bytes by one HEAD, None when it is not there.

    Raises:
        AccessError: the registry refuses the login or the access.
        ServiceError: it does not answer.
    """
    answer = service.request("HEAD", service.url(f"blobs/{digest}"))
    if answer.status == 404:
        return None
    if answer.status != 200:
        raise service.failure(answer, f"cannot look {digest} up")
    return int(answer.headers.get("content-length", "0"))


def read_blob(service: Service, digest: str) -> bytes:
    """Give a small blob, a configuration say.

    Raises:
        AccessError: the registry refuses the login or the access.
        ServiceError: it does not answer, or has not got the blob.
    """
    content = io.BytesIO()
    download(service, digest, content, _SMALL)
    return content.getvalue()


def download(service: Service, digest: str, target: IO[bytes], limit: int | None = None) -> int:
    """Write a blob to a stream that can seek, and give its size; begin anew after a cut.

    Args:
        service: The repository.
        digest: What the content has to match.
        target: Holds the blob from its beginning when this ends.
        limit: The largest size that is taken, in bytes.

    Raises:
        AccessError: the registry refuses the login or the access.
        DiskError: the stream cannot be written.
        ServiceError: the registry does not answer, or has not got the blob.
    """
    return service.patiently(lambda: _download(service, digest, target, limit))


def mount(service: Service, digest: str, source: str) -> bool:
    """Take a blob over from another repository of the registry; tell whether it is there now.

    Raises:
        AccessError: the registry refuses the login or the access.
        ServiceError: it does not answer.
    """
    answer = _begin(service, digest, source)
    if answer.status == 202:  # an upload has begun instead; left alone, it expires
        with suppress(ServiceError):
            service.once("DELETE", service.location(answer), "push")
    return answer.status == 201


def upload(service: Service, blob: Blob, sent: Callable[[int, int], None] | None = None) -> bool:
    """Store a blob; false when the registry had it already and nothing was sent.

    Args:
        service: The repository.
        blob: What to store.
        sent: Is told how many bytes of how many the registry has, after each request.

    Raises:
        AccessError: the registry refuses the login or the access.
        DiskError: the blob cannot be read.
        ServiceError: the registry does not answer or does not take the blob.
    """
    return _Upload(service, blob, sent).run()


class _Upload:
    def __init__(
        self, service: Service, blob: Blob, sent: Callable[[int, int], None] | None
    ) -> None:
        self._service = service
        self._blob = blob
        self._sent = sent
        self._url: str | None = None
        self._offset = 0
        self._furthest = 0
        self._chunk = CHUNK

    def run(self) -> bool:
        return self._service.patiently(self._attempt, lambda: self._furthest)

    def _attempt(self) -> bool:
        """Begin, or go on where the registry has stopped receiving."""
        if not self._resumed():
            answer = _begin(self._service, self._blob.digest, self._service.repository)
            if answer.status == 201:
                return self._furthest > 0
            self._began(answer)
        if self._blob.size > self._chunk:
            while self._offset < self._blob.size:
                self._patch()
        self._finish()
        return True

    def _began(self, answer: Answer) -> None:
        self._url = self._service.location(answer)
        self._offset = 0
        smallest = answer.headers.get("oci-chunk-min-length", "")
        if smallest.isdigit():
            self._chunk = max(self._chunk, int(smallest))

    def _resumed(self) -> bool:
        """Ask how much has arrived; false when the upload has to begin anew."""
        if self._url is None or self._blob.size <= self._chunk:
            return False
        answer = self._service.once("GET", self._url, "push")
        received = _received(answer)
        if answer.status != 204 or received is None or received > self._blob.size:
            return False
        self._offset = received
        if "location" in answer.headers:
            self._url = self._service.location(answer)
        return True

    def _patch(self) -> None:
        end = min(self._offset + self._chunk, self._blob.size)
        headers = {
            "Content-Type": "application/octet-stream",
            "Content-Range": f"{self._offset}-{end - 1}",
        }
        answer = self._send("PATCH", self._url or "", headers, self._offset, end)
        if answer.status not in (201, 202, 204):
            self._begin_anew(answer)
        self._url = self._service.location(answer)
        received = _received(answer)
        self._offset = end if received is None else received
        self._tell(self._offset)

    def _finish(self) -> None:
        url = self._url or ""
        url += ("&" if "?" in url else "?") + f"digest={self._blob.digest}"
        headers = {"Content-Type": "application/octet-stream"}
        answer = self._send("PUT", url, headers, self._offset, self._blob.size)
        if answer.status not in (201, 204):
            self._begin_anew(answer)
        told = answer.headers.get("docker-content-digest", self._blob.digest)
        if told != self._blob.digest:
            raise ServiceError(f"{self._service.name} stored {self._blob.digest} as {told}")
        self._tell(self._blob.size)

    def _send(self, method: str, url: str, headers: dict[str, str], start: int, end: int) -> Answer:
        body = Body(length=end - start, parts=lambda: self._pieces(start, end))
        return self._service.once(method, url, "push", headers, body)

    def _begin_anew(self, answer: Answer) -> None:
        """Give the upload up, to be begun anew where that may help.

        Raises:
            Broken: it came damaged, or the registry forgot it.
            ServiceError: the registry does not want it.
        """
        self._url = None
        failure = self._service.failure(answer, f"cannot store {self._blob.digest}")
        lost = {"DIGEST_INVALID", "BLOB_UPLOAD_UNKNOWN", "BLOB_UPLOAD_INVALID", "RANGE_INVALID"}
        if answer.status in (404, 416) or lost & set(error_codes(answer)):
            raise Broken(failure.message)
        raise failure

    def _pieces(self, start: int, end: int) -> Iterator[bytes]:
        try:
            self._blob.stream.seek(start)
            while start < end:
                piece = self._blob.stream.read(min(_PIECE, end - start))
                if not piece:
                    raise DiskError(f"{self._blob.digest} became shorter while it was sent")
                yield piece
                start += len(piece)
        except OSError as error:
            raise DiskError(f"cannot read {self._blob.digest}: {error.strerror}") from error

    def _tell(self, offset: int) -> None:
        self._furthest = max(self._furthest, offset)
        if self._sent:
            self._sent(offset, self._blob.size)


def _begin(service: Service, digest: str, source: str) -> Answer:
    """Begin an upload by asking for a mount, which saves asking first whether it is there.

    A blob that ``source`` has is there at once (201), else this has begun an upload (202).
    """
    from urllib.parse import quote

    own = source == service.repository
    access = "push" if own else f"push, pull from {source}"
    url = service.url("blobs/uploads/")
    mounting = f"{url}?mount={digest}&from={quote(source, safe='')}"
    answer = service.request("POST", mounting, access=access, body=Body.of(b""))
    if answer.status not in (201, 202):  # a registry that cannot mount should say 202
        answer = service.request("POST", url, access="push", body=Body.of(b""))
    if answer.status == 404:
        raise AccessError(f"there is no repository {service.name}, or not for this login")
    if answer.status not in (201, 202):
        raise service.failure(answer, "cannot begin an upload")
    return answer


def _received(answer: Answer) -> int | None:
    """Give the number of bytes that an answer's ``Range`` says have arrived.

    A registry that has none yet says ``0-0``, as if it had one byte: that one is sent anew.
    """
    first, _, last = answer.headers.get("range", "").removeprefix("bytes=").partition("-")
    if first != "0" or not last.isdigit():
        return None
    return int(last) + 1 if int(last) else 0


def _download(service: Service, digest: str, target: IO[bytes], limit: int | None) -> int:
    counted, size = hashlib.sha256(), 0
    target.seek(0)
    target.truncate()
    for part in service.download(service.url(f"blobs/{digest}")):
        size += len(part)
        if limit is not None and size > limit:
            raise ServiceError(f"{service.name}: {digest} is larger than {limit} bytes")
        counted.update(part)
        try:
            target.write(part)
        except OSError as error:
            raise DiskError(f"cannot write {digest}: {error.strerror}") from error
    if digest != f"sha256:{counted.hexdigest()}":
        raise Broken(f"{service.name}: {digest} came damaged")
    return size
