"""A service that holds one ended training job and its archive, as quick as the machine allows.

It answers what fetching asks: DescribeTrainingJob, ListObjectsV2, HeadObject and GetObject with
ranges.  Nothing is checked, so that what is measured is the one who asks.
"""

from __future__ import annotations

import json
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

NAME, BUCKET = "digits-train-1", "artifacts"
KEY = f"models/{NAME}/output/model.tar.gz"
ETAG = '"0123456789abcdef"'
LISTING = """<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><IsTruncated>false</IsTruncated>
<Contents><Key>{key}</Key><Size>{size}</Size><ETag>{etag}</ETag></Contents></ListBucketResult>"""


class Handler(BaseHTTPRequestHandler):
    """Answers one request after the other of a connection."""

    protocol_version = "HTTP/1.1"
    archive: Path

    def do_POST(self) -> None:
        """Describe the job."""
        self.rfile.read(int(self.headers["Content-Length"]))
        arn = f"arn:aws:sagemaker:eu-west-1:123456789012:training-job/{NAME}"
        told = {
            "TrainingJobName": NAME,
            "TrainingJobArn": arn,
            "TrainingJobStatus": "Completed",
            "SecondaryStatus": "Completed",
            "OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/models"},
            "CreationTime": time.time(),
        }
        self._answer(json.dumps(told).encode(), "application/x-amz-json-1.1")

    def do_HEAD(self) -> None:
        """Tell the archive's size."""
        self._headers(200, self.archive.stat().st_size)

    def do_GET(self) -> None:
        """List the bucket, or send a range of the archive."""
        size = self.archive.stat().st_size
        if "list-type" in self.path:
            text = LISTING.format(key=KEY, size=size, etag=ETAG)
            self._answer(text.encode(), "application/xml")
            return
        first, last = 0, size - 1
        if wanted := self.headers.get("Range"):
            begins, _, ends = wanted.removeprefix("bytes=").partition("-")
            first, last = int(begins), min(last, int(ends or last))
        place = {"Content-Range": f"bytes {first}-{last}/{size}"} if wanted else {}
        self._headers(206 if wanted else 200, last - first + 1, **place)
        with self.archive.open("rb") as file:
            self.connection.sendfile(file, first, last - first + 1)

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _answer(self, body: bytes, kind: str) -> None:
        self._headers(200, len(body), **{"Content-Type": kind})
        self.wfile.write(body)

    def _headers(self, status: int, size: int, **more: str) -> None:
        self.send_response(status)
        told = {"Content-Length": str(size), "ETag": ETAG, "Accept-Ranges": "bytes", **more}
        told.setdefault("Last-Modified", self.date_time_string())
        for name, value in told.items():
            self.send_header(name, value)
        self.end_headers()


if __name__ == "__main__":
    Handler.archive = Path(sys.argv[1])
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(server.server_port, flush=True)
    server.serve_forever()
