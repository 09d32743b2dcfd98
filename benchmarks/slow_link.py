"""A proxy that makes loopback as slow as a long way: so many bits a second, so much delay."""

from __future__ import annotations

import asyncio
import re
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

_REQUEST = re.compile(rb"(?:GET|HEAD|POST|PUT|PATCH|DELETE) \S+ HTTP/1\.1\r\n")
_PIECE = 16 * 1024


@dataclass
class Link:
    """A link to a server; ``rate`` in bits a second, ``round_trip`` in seconds.

    ``requests`` counts the HTTP requests that went over it, ``sent`` their bytes.
    """

    target: tuple[str, int]
    rate: float
    round_trip: float
    host: str = ""
    requests: int = 0
    sent: int = 0

    def begin(self) -> None:
        """Count anew."""
        self.requests = self.sent = 0


class _Direction:
    """One way over the link, shared by all connections: bytes queue for their turn."""

    def __init__(self, link: Link) -> None:
        self._link, self._free = link, 0.0

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection's bytes; those under way do not hold up the reading."""
        due: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(64)
        arriving = asyncio.create_task(self._arrive(due, writer))
        while piece := await reader.read(_PIECE):
            now = asyncio.get_running_loop().time()
            self._free = max(now, self._free) + len(piece) * 8 / self._link.rate
            await due.put((self._free + self._link.round_trip / 2, piece))
        await due.put((0.0, b""))
        await arriving

    async def _arrive(
        self, due: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter
    ) -> None:
        while True:
            when, piece = await due.get()
            await asyncio.sleep(max(0.0, when - asyncio.get_running_loop().time()))
            if not piece:
                writer.close()
                return
            writer.write(piece)
            await writer.drain()


class _Counting(_Direction):
    """The way to the server, on which requests are counted."""

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        own, link = asyncio.StreamReader(), self._link

        async def count() -> None:
            while piece := await reader.read(_PIECE):
                link.requests += len(_REQUEST.findall(piece))
                link.sent += len(piece)
                own.feed_data(piece)
            own.feed_eof()

        counting = asyncio.create_task(count())
        await super().carry(own, writer)
        await counting


@contextmanager
def slow_link(host: str, rate: float = 50e6, round_trip: float = 0.08) -> Iterator[Link]:
    """Run a proxy before ``host:port`` for as long as the block lasts."""
    name, _, port = host.partition(":")
    link = Link((name, int(port)), rate, round_trip)
    ready, begun = threading.Event(), list[tuple[asyncio.AbstractEventLoop, asyncio.Event]]()

    async def serve() -> None:
        over = asyncio.Event()
        begun.append((asyncio.get_running_loop(), over))
        async with await asyncio.start_server(_connected(link), "127.0.0.1", 0) as server:
            link.host = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
            ready.set()
            await over.wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    ready.wait()
    try:
        yield link
    finally:
        loop, over = begun[0]
        loop.call_soon_threadsafe(over.set)
        thread.join()


def _connected(link: Link) -> Callable[..., Awaitable[None]]:
    """Give what serves one connection."""
    up, down = _Counting(link), _Direction(link)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(link.round_trip)  # the three packets that open a connection
        try:
            there, back = await asyncio.open_connection(*link.target)
            await asyncio.gather(up.carry(reader, back), down.carry(there, writer))
        except (OSError, asyncio.CancelledError):
            writer.close()

    return serve
