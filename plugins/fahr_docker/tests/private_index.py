"""A package index behind a login, which this machine and its containers reach."""

from __future__ import annotations

import base64
import hashlib
import io
import threading
import zipfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from uuid import uuid4

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fahr_docker.engine.local import Engine

NAME, VERSION = "fahr-private-thing", "1.0"
_WHEEL = "fahr_private_thing-1.0-py3-none-any.whl"


@dataclass
class PrivateIndex:
    """A running index; ``refused`` counts who came without the login."""

    address: str
    user: str
    password: str
    refused: int = 0
    given: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        """The address with the login in it."""
        return f"http://{self.user}:{self.password}@{self.address}/simple"

    @property
    def bare_url(self) -> str:
        return f"http://{self.address}/simple"


@contextmanager
def private_index(engine: Engine, user: str, password: str) -> Iterator[PrivateIndex]:
    """Run an index with one package on the engine's bridge for as long as the block lasts."""
    bridge = engine.client.api.inspect_network("bridge")["IPAM"]["Config"][0]
    gateway = bridge.get("Gateway") or bridge["Subnet"].rpartition(".")[0] + ".1"
    wheel = _wheel()
    digest = hashlib.sha256(wheel).hexdigest()
    page = f'<a href="/{_WHEEL}#sha256={digest}">{_WHEEL}</a>'.encode()
    pages = {f"/simple/{NAME}/": ("text/html", page), f"/{_WHEEL}": ("application/zip", wheel)}
    wanted = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
    index = PrivateIndex("", user, password)

    class Handler(BaseHTTPRequestHandler):
        def handle_any(self) -> None:
            kind, content = pages.get(self.path, ("text/plain", b""))
            status = 200 if self.path in pages else 404
            if self.headers.get("Authorization") != wanted:
                index.refused += 1
                status, content = 401, b""
            else:
                index.given.append(self.path)
            self.send_response_only(status)
            if status == 401:
                self.send_header("WWW-Authenticate", 'Basic realm="index"')
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(content)

        do_GET = do_HEAD = handle_any  # noqa: N815

        def log_message(self, *_: Any) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer((gateway, 0), Handler)
    server.daemon_threads = True
    index.address = f"{gateway}:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield index
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _wheel() -> bytes:
    """Make a wheel that nobody has made before, so that no environment with it is there."""
    stream, info = io.BytesIO(), "fahr_private_thing-1.0.dist-info"
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("fahr_private_thing.py", f"word = 'private'  # {uuid4().hex}\n")
        metadata = f"Metadata-Version: 2.1\nName: {NAME}\nVersion: {VERSION}\n"
        archive.writestr(f"{info}/METADATA", metadata)
        tags = "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        archive.writestr(f"{info}/WHEEL", tags)
        names = ("fahr_private_thing.py", f"{info}/METADATA", f"{info}/WHEEL", f"{info}/RECORD")
        archive.writestr(f"{info}/RECORD", "".join(f"{name},,\n" for name in names))
    return stream.getvalue()
