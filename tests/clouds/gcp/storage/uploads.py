"""Cloud Storage's uploads: in one request, with metadata, or piece by piece."""

from __future__ import annotations

import email
import email.policy
import json
import os
import re
import secrets
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.clouds.gcp.errors import ApiError, bad_json
from tests.clouds.gcp.routes import route
from tests.clouds.gcp.storage.resources import WRITABLE, shown_object
from tests.clouds.striking import Answer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.clouds.gcp.asked import Asked
    from tests.clouds.gcp.cloud import Cloud
    from tests.clouds.gcp.storage.bucket import Bucket, Contents
    from tests.clouds.gcp.storage.buckets import BucketCalls

UPLOAD = "/upload/storage/v1/b/{bucket}/o"
RANGE = re.compile(r"bytes (?:(\d+)-(\d+)|\*)/(\d+|\*)")
#: Pieces but the last one are multiples of this many bytes.
GRAIN = 256 << 10


@dataclass
class Session:
    """An upload that resumes; what was kept so far lies in a file."""

    bucket: Bucket
    name: str
    about: dict[str, Any]
    query: dict[str, str]
    caller: str
    file: Path
    size: int = 0
    #: What is answered again once it is done.
    done: dict[str, Any] = field(default_factory=dict)


class UploadCalls:
    """The calls that put objects."""

    def __init__(self, cloud: Cloud, buckets: BucketCalls) -> None:
        """Take the cloud and the calls that find a bucket."""
        self._cloud, self._buckets = cloud, buckets
        self._sessions: dict[str, Session] = {}

    @route("POST " + UPLOAD, "storage:objects.insert", "storage.objects.create")
    def insert(self, asked: Asked) -> Any:
        """Put an object, or begin an upload that resumes."""
        bucket = self._buckets.find(asked)
        kind = asked.query.get("uploadType", "")
        if kind == "media":
            about = {"contentType": asked.header("Content-Type") or "application/octet-stream"}
            return self._put(asked, bucket, asked.query.get("name", ""), about, asked.pieces())
        if kind == "multipart":
            about, content = _parts(asked)
            name = asked.query.get("name") or about.get("name", "")
            return self._put(asked, bucket, name, about, [content])
        if kind == "resumable":
            return self._begin(asked, bucket)
        raise ApiError(400, f"Invalid upload type: '{kind}'")

    @route("PUT " + UPLOAD, "storage:uploads.put", open_=True)
    def put(self, asked: Asked) -> Any:
        """Take a piece, or tell how much was kept."""
        session = self._session(asked)
        if session.done:
            return session.done
        found = RANGE.fullmatch(asked.header("Content-Range"))
        first, total = (found[1], found[3]) if found else ("0", "*")
        if first is not None:
            self._take(session, int(first), asked)
            if not found:
                total = str(session.size)
        if total != "*" and session.size == int(total):
            return self._finish(asked, session)
        return _incomplete(session)

    @route("DELETE " + UPLOAD, "storage:uploads.delete", open_=True)
    def cancel(self, asked: Asked) -> Answer:
        """Forget an upload."""
        session = self._session(asked)
        session.file.unlink(missing_ok=True)
        del self._sessions[asked.query["upload_id"]]
        return Answer(499)

    def _begin(self, asked: Asked, bucket: Bucket) -> Answer:
        wanted = asked.json()
        kind = asked.header("X-Upload-Content-Type")
        about = ({"contentType": kind} if kind else {}) | wanted
        name = asked.query.get("name") or wanted.get("name", "")
        self._check(asked, bucket, name, asked.query)
        handle, path = tempfile.mkstemp(dir=bucket.store.folder)
        os.close(handle)
        number = secrets.token_urlsafe(48)
        self._sessions[number] = Session(
            bucket, name, about, dict(asked.query), asked.caller, Path(path)
        )
        place = f"{asked.address}/upload/storage/v1/b/{bucket.name}/o"
        place += f"?uploadType=resumable&upload_id={number}"
        return Answer(200, b"", (("Location", place), ("X-GUploader-UploadID", number)))

    def _take(self, session: Session, first: int, asked: Asked) -> None:
        """Keep a piece as far as it comes; what a cut connection leaves is kept by the grain."""
        if first > session.size:
            raise ApiError(503, "Invalid request. The offset is beyond what was received.")
        whole = False
        with session.file.open("r+b") as file:
            file.seek(first)
            try:
                for piece in asked.pieces():
                    file.write(piece)
                expected = int(asked.environ.get("CONTENT_LENGTH") or file.tell() - first)
                whole = file.tell() - first == expected
            finally:
                kept = file.tell() if whole else file.tell() // GRAIN * GRAIN
                session.size = max(session.size, kept)
                file.truncate(session.size)

    def _finish(self, asked: Asked, session: Session) -> Any:
        contents = session.bucket.store.adopt(session.file)
        asked.caller, asked.query = session.caller, session.query
        session.done = self._keep(asked, session.bucket, session.name, session.about, contents)
        return session.done

    def _session(self, asked: Asked) -> Session:
        if found := self._sessions.get(asked.query.get("upload_id", "")):
            return found
        raise ApiError(404, "Not Found")

    def _put(
        self,
        asked: Asked,
        bucket: Bucket,
        name: str,
        about: dict[str, Any],
        pieces: Iterable[bytes],
    ) -> Any:
        self._check(asked, bucket, name, asked.query)
        return self._keep(asked, bucket, name, about, bucket.store.write(pieces))

    def _keep(
        self, asked: Asked, bucket: Bucket, name: str, about: dict[str, Any], contents: Contents
    ) -> dict[str, Any]:
        try:
            _check_hashes(asked, about, contents)
            kept = {key: value for key, value in about.items() if key in WRITABLE}
            made = bucket.put(
                name, contents, kept, lambda: self._check(asked, bucket, name, asked.query)
            )
        except ApiError:
            contents.file.unlink(missing_ok=True)
            raise
        return shown_object(bucket, made, asked.address)

    def _check(self, asked: Asked, bucket: Bucket, name: str, query: dict[str, str]) -> None:
        if not name or len(name.encode()) > 1024 or "\n" in name or "\r" in name:
            raise ApiError(400, "Required" if not name else f"Disallowed object name: {name!r}")
        bucket.check(name, query)
        bucket.check_pause(name)
        if name in bucket:
            self._cloud.check_permission(asked, "storage", "storage.objects.delete")


def _incomplete(session: Session) -> Answer:
    headers = [("Content-Type", "text/plain; charset=utf-8")]
    if session.size:
        headers.append(("Range", f"bytes=0-{session.size - 1}"))
    return Answer(308, b"", tuple(headers))


def _parts(asked: Asked) -> tuple[dict[str, Any], bytes]:
    """Give metadata and content of a multipart/related body."""
    head = f"Content-Type: {asked.header('Content-Type')}\r\n\r\n".encode()
    found = re.search(rb'boundary="?([^";\r\n]+)', head)
    if not found:
        raise ApiError(400, "Missing multipart boundary")
    pieces = asked.body.split(b"--" + found[1])
    if len(pieces) < 4:
        raise ApiError(400, "Malformed multipart body.")
    _, text = _part(pieces[1])
    try:
        about = json.loads(text or b"{}")
    except ValueError as error:
        raise bad_json(str(error)) from error
    # The content may hold anything but the boundary's own line.
    kind, content = _part((b"--" + found[1]).join(pieces[2:-1]))
    return {"contentType": kind, **about}, content


def _part(piece: bytes) -> tuple[str, bytes]:
    head, _, content = piece.partition(b"\r\n\r\n")
    if not _:
        head, _, content = piece.partition(b"\n\n")
    said = email.message_from_bytes(head.strip() + b"\n\n", policy=email.policy.HTTP)
    end = b"\r\n" if content.endswith(b"\r\n") else b"\n"
    return said.get_content_type(), content.removesuffix(end)


def _check_hashes(asked: Asked, about: dict[str, Any], contents: Contents) -> None:
    said = dict(pair.strip().partition("=")[::2] for pair in asked.header("X-Goog-Hash").split(","))
    for name, key, shown, has in (
        ("md5Hash", "md5", "MD5 hash", contents.md5),
        ("crc32c", "crc32c", "CRC32C", contents.crc32c),
    ):
        told = about.get(name) or said.get(key)
        if told and told != has:
            text = f'Provided {shown} "{told}" doesn\'t match calculated {shown} "{has}".'
            raise ApiError(400, text)
