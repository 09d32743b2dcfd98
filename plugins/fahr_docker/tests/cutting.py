"""A proxy that passes bytes on and cuts the connection at a chosen request.

An engine pushes in chunks of no told length, which the proxy of :mod:`faults` does not read.
"""

from __future__ import annotations

import re
import socket
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_REQUEST = re.compile(rb"(?:^|(?<=\n))((?:GET|HEAD|POST|PUT|PATCH) \S+) HTTP/1\.1\r\n")


@dataclass
class Cutting:
    """A running proxy; a request that ``cuts`` holds for never arrives."""

    host: str = ""
    cuts: Callable[[str], bool] = lambda request: False
    seen: list[str] = field(default_factory=list)


@contextmanager
def cutting(target: str) -> Iterator[Cutting]:
    """Run a proxy before a host for as long as the block lasts."""
    name, _, port = target.partition(":")
    proxy, listening = Cutting(), socket.create_server(("127.0.0.1", 0))
    proxy.host = f"127.0.0.1:{listening.getsockname()[1]}"
    opened: list[socket.socket] = []

    def accept() -> None:
        with suppress(OSError):  # closed: the block has ended
            while True:
                near, _ = listening.accept()
                far = socket.create_connection((name, int(port)))
                opened.extend((near, far))
                threading.Thread(target=_up, args=(proxy, near, far), daemon=True).start()
                threading.Thread(target=_down, args=(far, near), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join()
        for one in opened:
            one.close()


def _up(proxy: Cutting, near: socket.socket, far: socket.socket) -> None:
    with suppress(OSError):
        while piece := near.recv(65536):
            requests = [request.decode() for request in _REQUEST.findall(piece)]
            proxy.seen += requests
            if any(map(proxy.cuts, requests)):
                break
            far.sendall(piece)
    _shut(near, far)


def _down(far: socket.socket, near: socket.socket) -> None:
    with suppress(OSError):
        while piece := far.recv(65536):
            near.sendall(piece)
    _shut(near, far)


def _shut(*sockets: socket.socket) -> None:
    for one in sockets:
        with suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
