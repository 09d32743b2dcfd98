"""The way in: HTTP on loopback, as a proxy for the service's names, with or without TLS."""

from __future__ import annotations

import contextlib
import select
import shutil
import socket
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

from .answers import Answer, Asked

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator

    from .faults import Fault

    Answering = Callable[[Asked], tuple[Answer | None, Fault | None]]

CHUNK = 65536


class Server(ThreadingHTTPServer):
    """Takes connections until it is closed, and leaves none behind."""

    daemon_threads = False
    request_queue_size = 128

    def __init__(self, answering: Answering, tls: Callable[[], ssl.SSLContext]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answering = answering
        self.tls = tls
        self.closing = threading.Event()
        self.errors: list[BaseException] = []
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,))
        self._thread.start()

    def remember(self, connection: socket.socket) -> None:
        with self._lock:
            self._open.add(connection)

    def forget(self, connection: socket.socket) -> None:
        with self._lock:
            self._open.discard(connection)

    def close(self) -> None:
        """End every connection and wait for the threads."""
        self.closing.set()
        self.shutdown()
        with self._lock:
            left = list(self._open)
        for connection in left:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self.server_close()
        if self.errors:
            raise self.errors[0]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Let a client leave whenever it likes; anything else is a fault of the server."""
        error = sys.exc_info()[1]
        if error is not None and not isinstance(error, OSError):
            self.errors.append(error)


class Handler(BaseHTTPRequestHandler):
    """One connection: requests in the form for a proxy, or a tunnel with TLS inside."""

    protocol_version = "HTTP/1.1"
    server: Server
    tunnel = ""

    def setup(self) -> None:
        super().setup()
        self.server.remember(self.connection)

    def finish(self) -> None:
        with contextlib.suppress(OSError):
            super().finish()
        self.server.forget(self.connection)
        if self.tunnel:
            self.connection.close()

    def log_message(self, *_: object) -> None:
        """Print nothing: a test looks at the calls."""

    # -- ways in ------------------------------------------------------------------------

    def do_CONNECT(self) -> None:
        self.tunnel = self.path.partition(":")[0]
        self.send_response(200)
        self.end_headers()
        self.wfile.flush()
        self.server.forget(self.connection)
        self.connection = self.server.tls().wrap_socket(self.connection, server_side=True)
        self.server.remember(self.connection)
        self.rfile = self.connection.makefile("rb", self.rbufsize)
        self.wfile = self.connection.makefile("wb")
        self.close_connection = False

    def do_GET(self) -> None:
        self._serve()

    do_POST = do_GET  # noqa: N815
    do_PUT = do_GET  # noqa: N815

    def _serve(self) -> None:
        answer, fault = self.server.answering(self._asked())
        kind = fault.kind if fault else ""
        if kind == "silent":
            self._say_nothing()
        if answer is None or kind == "lost":
            self.close_connection = True
            return
        self._send(answer, torn=kind == "torn")

    def _asked(self) -> Asked:
        parts = urlsplit(self.path)
        host = self.tunnel or parts.hostname or self.headers.get("Host", "")
        return Asked(
            self.command,
            "https" if self.tunnel else "http",
            host.lower(),
            unquote(parts.path),
            dict(parse_qsl(parts.query)),
            self.headers,
            self._body(),
        )

    def _body(self) -> bytes:
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            return b"".join(self._chunks())
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _chunks(self) -> Iterator[bytes]:
        while size := int(self.rfile.readline().split(b";")[0], 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()

    def _say_nothing(self) -> None:
        """Wait until the client has left."""
        while not self.server.closing.is_set():
            if select.select([self.connection], [], [], 0.05)[0]:
                return

    # -- the way out --------------------------------------------------------------------

    def _send(self, answer: Answer, *, torn: bool) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.stream is not None:
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self._send_pieces(answer.stream, torn=torn)
            return
        size = answer.file.stat().st_size - answer.start if answer.file else len(answer.body)
        self.send_header("Content-Length", str(size))
        self.end_headers()
        end = size // 2 if torn else size
        self.close_connection = self.close_connection or torn
        self._send_body(answer, end)

    def _send_body(self, answer: Answer, size: int) -> None:
        if answer.file is None:
            self.wfile.write(answer.body[:size])
            return
        with answer.file.open("rb") as file:
            file.seek(answer.start)
            if size == answer.file.stat().st_size - answer.start:
                shutil.copyfileobj(file, self.wfile, CHUNK)
            else:
                self.wfile.write(file.read(size))

    def _send_pieces(self, pieces: Iterator[bytes], *, torn: bool) -> None:
        for piece in pieces:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            self.wfile.flush()
            if torn:
                self.close_connection = True
                return
        self.wfile.write(b"0\r\n\r\n")
