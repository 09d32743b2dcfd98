"""The object store behind the service: uploads that resume, downloads by signed address."""

from __future__ import annotations

import email.utils
import re
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .answers import Answer
from .errors import ApiError

if TYPE_CHECKING:
    from pathlib import Path

    from .answers import Asked

UPLOADS, DOWNLOADS = "storage.googleapis.com", "www.kaggleusercontent.com"
HOSTS = (UPLOADS, DOWNLOADS)


@dataclass
class Upload:
    """A file on its way: ``size`` bytes are to come, ``file`` has those that came."""

    name: str
    size: int
    file: Path


class Storage:
    """Uploads by token, and files that were given an address."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._uploads: dict[str, Upload] = {}
        self._signed: dict[str, Path] = {}

    # -- uploads ------------------------------------------------------------------------

    def begin(self, name: str, size: int) -> tuple[str, str]:
        """Reserve an upload and give its token and the path of its address."""
        self._folder.mkdir(parents=True, exist_ok=True)
        token = secrets.token_hex(16)
        file = self._folder / token
        file.touch()
        self._uploads[token] = Upload(name, size, file)
        return token, f"/kaggle-data-sets-inbox/{token}?upload_id={secrets.token_hex(8)}"

    def uploaded(self, token: str) -> tuple[str, Path]:
        """Give name and file of a finished upload.

        Raises:
            ApiError: there is none (400).
        """
        upload = self._uploads.get(token)
        if upload is None or upload.file.stat().st_size != upload.size:
            raise ApiError(400, "One of the files could not be found")
        return upload.name, upload.file

    def put(self, asked: Asked) -> Answer:
        """Take bytes as Google's resumable uploads do: whole, a range, or the question how many."""
        upload = self._uploads.get(asked.path.rpartition("/")[2])
        if upload is None:
            return Answer(404)
        have = upload.file.stat().st_size
        span = asked.headers.get("Content-Range", "")
        if span.startswith("bytes */"):
            return self._state(upload)
        found = re.match(r"bytes (\d+)-", span)
        start = int(found[1]) if found else 0
        if start > have:
            return Answer(400)
        with upload.file.open("r+b") as file:
            file.seek(start)
            file.truncate()
            file.write(asked.body[: upload.size - start])
        return self._state(upload)

    def _state(self, upload: Upload) -> Answer:
        have = upload.file.stat().st_size
        if have == upload.size:
            return Answer(200)
        return Answer(308, {"Range": f"bytes=0-{have - 1}"} if have else {})

    # -- downloads ----------------------------------------------------------------------

    def sign(self, file: Path, path: str) -> str:
        """Give the path of an address by which anybody reaches this file."""
        signature = secrets.token_hex(16)
        self._signed[signature] = file
        return f"{path}?GoogleAccessId=stand-in&Expires=4102444800&Signature={signature}"

    def get(self, asked: Asked) -> Answer:
        """Give a file or, for a ``Range`` (and ``If-Range``), the rest of it."""
        file = self._signed.get(asked.query.get("Signature", ""))
        if file is None:
            return Answer(403, body=b"SignatureDoesNotMatch")
        if not file.is_file():
            return Answer(404, body=b"NoSuchKey")
        status = file.stat()
        tag = f'"{status.st_ino:x}-{status.st_size:x}-{status.st_mtime_ns:x}"'
        headers = {
            "Content-Type": "application/octet-stream",
            "Accept-Ranges": "bytes",
            "ETag": tag,
            "Last-Modified": email.utils.formatdate(status.st_mtime, usegmt=True),
        }
        return self._part(asked, headers, file, status.st_size)

    def _part(self, asked: Asked, headers: dict[str, str], file: Path, size: int) -> Answer:
        found = re.fullmatch(r"bytes=(\d+)-", asked.headers.get("Range", ""))
        same = asked.headers.get("If-Range", headers["ETag"]) in headers.values()
        if not found or not same:
            return Answer(200, headers, file=file)
        start = int(found[1])
        if start >= size:
            return Answer(416, {"Content-Range": f"bytes */{size}"})
        span = {"Content-Range": f"bytes {start}-{size - 1}/{size}"}
        return Answer(206, headers | span, file=file, start=start)

    def answer(self, asked: Asked) -> Answer:
        """Answer at the store's own hosts: there a signature is all that counts."""
        if asked.headers.get("Authorization"):
            return Answer(400, body=b"credentials sent to an address that is signed")
        return self.put(asked) if asked.method == "PUT" else self.get(asked)
