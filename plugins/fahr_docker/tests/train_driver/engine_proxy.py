"""A socket before the engine's own, which can be cut and mended as an engine is restarted."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ENGINE = "/var/run/docker.sock"


@dataclass
class Proxy:
    """What passes requests on; ``lose`` is in the first line of one whose answer is lost."""

    path: Path
    lose: bytes | None = None
    lost: int = 0
    connections: list[socket.socket] = field(default_factory=list)
    server: socket.socket | None = None

    @property
    def host(self) -> str:
        return f"unix://{self.path}"

    def mend(self) -> None:
        """Answer again."""
        self.server = socket.socket(socket.AF_UNIX)
        self.server.bind(str(self.path))
        self.server.listen(64)
        threading.Thread(target=self._accept, args=(self.server,), daemon=True).start()

    def cut(self) -> None:
        """Answer nobody any more, and end what is under way."""
        if self.server is not None:
            self.server.shutdown(socket.SHUT_RDWR)
            self.server.close()
            self.server = None
        self.path.unlink(missing_ok=True)
        for connection in self.connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self.cut()
        for connection in self.connections:
            connection.close()

    def _accept(self, server: socket.socket) -> None:
        with suppress(OSError):
            while True:
                client, _ = server.accept()
                engine = socket.socket(socket.AF_UNIX)
                engine.connect(ENGINE)
                self.connections += [client, engine]
                for one, other in ((client, engine), (engine, client)):
                    threading.Thread(target=self._pass, args=(one, other), daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
                if self.lose and self.lose in data.partition(b"\r\n")[0]:
                    self._lose(source, target)
            target.shutdown(socket.SHUT_WR)

    def _lose(self, client: socket.socket, engine: socket.socket) -> None:
        """Let the engine do what it was asked, and its answer go nowhere."""
        self.lose, self.lost = None, self.lost + 1
        client.shutdown(socket.SHUT_RDWR)


@contextmanager
def before_engine(folder: Path) -> Iterator[Proxy]:
    """Run a proxy for as long as the block lasts."""
    proxy = Proxy(folder / "engine.sock")
    proxy.mend()
    try:
        yield proxy
    finally:
        proxy.close()
