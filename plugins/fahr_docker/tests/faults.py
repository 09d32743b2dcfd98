"""A proxy before a registry that fails in a chosen way at a chosen request."""

from __future__ import annotations

import http.client
import socket
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ANSWERS = {"429": 429, "500": 500, "502": 502, "503": 503, "401": 401}


@dataclass
class Faults:
    """What the proxy saw, and what it does wrong.

    ``choose(number, method, path)`` gives a fault's name or None; requests count from 1.
    """

    host: str = ""
    choose: Callable[[int, str, str], str | None] = lambda number, method, path: None
    seen: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    connections: int = 0
    bytes_in: int = 0
    retry_after: str = "0"
    released: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def once(self, at: int, fault: str) -> None:
        """Fail at one request and begin to count from here."""
        self.begin()
        self.choose = lambda number, method, path: fault if number == at else None

    def always_from(self, at: int, fault: str) -> None:
        """Fail at a request and at all that follow."""
        self.begin()
        self.choose = lambda number, method, path: fault if number >= at else None

    def begin(self) -> None:
        """Forget what was seen, and do nothing wrong."""
        self.seen, self.headers, self.connections, self.bytes_in = [], [], 0, 0
        self.choose = lambda number, method, path: None


@contextmanager
def proxied(target: str) -> Iterator[Faults]:
    """Run a proxy before a host for as long as the block lasts."""
    faults = Faults()

    class Handler(_Handler):
        pass

    Handler.faults, Handler.target = faults, target
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # a cut connection is what is wanted here
    faults.host = f"127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield faults
    finally:
        faults.released.set()
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    faults: Faults
    target: str
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        with self.faults.lock:
            self.faults.connections += 1
        self.upstream = http.client.HTTPConnection(self.target, timeout=30)

    def finish(self) -> None:
        super().finish()
        self.upstream.close()

    def log_message(self, *_) -> None:
        """Keep quiet."""

    def handle_any(self) -> None:
        faults = self.faults
        with faults.lock:
            faults.seen.append(f"{self.command} {self.path}")
            faults.headers.append(dict(self.headers))
            fault = faults.choose(len(faults.seen), self.command, self.path)
        length = int(self.headers.get("Content-Length") or 0)
        if fault == "cut before":
            self.cut()
        elif fault == "cut body":
            self.cut_body(length)
        else:
            self.handle_whole(fault, length)

    def handle_whole(self, fault: str | None, length: int) -> None:
        faults = self.faults
        body = self.rfile.read(length)
        with faults.lock:
            faults.bytes_in += length
        if fault == "damage":
            body = bytes([body[0] ^ 1]) + body[1:] if body else body
        if fault in ANSWERS:
            self.answer(ANSWERS[fault])
        elif fault == "slow":
            faults.released.wait(30)
            self.cut()
        else:
            self.forward(body, fault)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any  # noqa: N815

    def forward(self, body: bytes, fault: str | None) -> None:
        headers = {k: v for k, v in self.headers.items() if k.lower() != "connection"}
        self.upstream.request(self.command, self.path, body=body or None, headers=headers)
        answer = self.upstream.getresponse()
        content = answer.read()
        if fault == "cut after":
            self.cut()
            return
        self.send_response_only(answer.status, answer.reason)
        for name, value in answer.getheaders():
            if name.lower() not in ("connection", "transfer-encoding"):
                self.send_header(name, value)
        if answer.getheader("Content-Length") is None and answer.status != 204:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if fault == "cut answer":
            content = content[: len(content) // 2]
        elif fault == "damage answer" and content:
            content = bytes([content[0] ^ 1]) + content[1:]
        self.wfile.write(content)
        if fault == "cut answer":
            self.cut()

    def answer(self, status: int) -> None:
        self.send_response_only(status)
        self.send_header("Content-Length", "0")
        if status == 401:
            self.send_header("WWW-Authenticate", 'Basic realm="test"')
        if status in (429, 503):
            self.send_header("Retry-After", self.faults.retry_after)
        self.end_headers()

    def cut_body(self, length: int) -> None:
        """Let half of the body through, then cut both connections."""
        half = self.rfile.read(length // 2)
        with socket.create_connection(self.target.split(":")) as upstream:
            head = f"{self.command} {self.path} HTTP/1.1\r\n"
            head += "".join(f"{name}: {value}\r\n" for name, value in self.headers.items())
            upstream.sendall(head.encode() + b"\r\n" + half)
        self.cut()

    def cut(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)
