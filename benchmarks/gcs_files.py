"""A service that holds one ended custom job and its output, as quick as the machine allows.

It answers what fetching asks: a token, the job, the list of objects and their bytes in ranges.
Nothing is checked, so that what is measured is the one who asks.
"""

from __future__ import annotations

import base64
import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

NUMBER, PROJECT, REGION, BUCKET = "1234567890123456789", "digits", "europe-west4", "models"
PREFIX = "runs/digits-train-1/"
JOB = {
    "name": f"projects/{PROJECT}/locations/{REGION}/customJobs/{NUMBER}",
    "displayName": "digits-train-1",
    "state": "JOB_STATE_SUCCEEDED",
    "createTime": "2026-05-04T12:00:00Z",
    "startTime": "2026-05-04T12:01:00Z",
    "endTime": "2026-05-04T12:02:00Z",
    "jobSpec": {"baseOutputDirectory": {"outputUriPrefix": f"gs://{BUCKET}/{PREFIX}"}},
}


class Handler(BaseHTTPRequestHandler):
    """Answers one request after the other of a connection."""

    protocol_version = "HTTP/1.1"
    folder: Path
    sums: dict[str, str]

    def do_POST(self) -> None:
        """Give a token."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self._answer({"access_token": "of-nobody", "expires_in": 3600, "token_type": "Bearer"})

    def do_GET(self) -> None:
        """Describe the job, list the bucket, describe an object or send a range of it."""
        address = urlsplit(self.path)
        if "/customJobs/" in address.path:
            self._answer(JOB)
            return
        _, _, name = address.path.partition("/o/")
        if not name:
            self._answer({"items": [self._described(each) for each in sorted(self.sums)]})
            return
        file = unquote(name).rpartition("/")[2]
        if parse_qs(address.query).get("alt") == ["media"]:
            self._send(self.folder / file)
        else:
            self._answer(self._described(file))

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _described(self, file: str) -> dict[str, Any]:
        name = f"{PREFIX}model/{file}"
        size = str((self.folder / file).stat().st_size)
        own = {"kind": "storage#object", "bucket": BUCKET, "generation": "1", "id": name}
        own["mediaLink"] = f"http://{self.headers['Host']}/download/storage/v1/b/{BUCKET}/o/"
        own["mediaLink"] += f"{name.replace('/', '%2F')}?generation=1&alt=media"
        return {**own, "name": name, "size": size, "crc32c": self.sums[file]}

    def _send(self, file: Path) -> None:
        size = file.stat().st_size
        first, last = 0, size - 1
        if wanted := self.headers.get("Range"):
            begins, _, ends = wanted.removeprefix("bytes=").partition("-")
            first, last = int(begins), min(last, int(ends or last))
        told = {"X-Goog-Hash": f"crc32c={self.sums[file.name]}", "X-Goog-Generation": "1"}
        told["Content-Range"] = f"bytes {first}-{last}/{size}"
        self._headers(206 if wanted else 200, last - first + 1, **told)
        with file.open("rb") as stream:
            self.connection.sendfile(stream, first, last - first + 1)

    def _answer(self, document: dict[str, Any]) -> None:
        body = json.dumps(document).encode()
        self._headers(200, len(body), **{"Content-Type": "application/json"})
        self.wfile.write(body)

    def _headers(self, status: int, size: int, **more: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(size), **more}.items():
            self.send_header(name, value)
        self.end_headers()


def sum_of(file: Path) -> str:
    """Give a file's CRC32C as the service does."""
    import google_crc32c

    counted = google_crc32c.Checksum()
    with file.open("rb") as stream:
        while piece := stream.read(1024**2):
            counted.update(piece)
    return base64.b64encode(counted.digest()).decode()


if __name__ == "__main__":
    Handler.folder = Path(sys.argv[1])
    Handler.sums = {file.name: sum_of(file) for file in Handler.folder.iterdir()}
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    print(server.server_port, flush=True)
    server.serve_forever()
