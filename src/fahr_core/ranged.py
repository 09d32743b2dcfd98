"""Reading a remote object forward: its parts come in parallel and go on after a cut.

A driver says how a range of the object is opened; the order of the parts, what is asked for
again and how much lies in memory at once are the same for every service::

    with ranged_stream(open_range, size) as stream:
        extract_tar(stream, destination)
"""

from __future__ import annotations

import io
import threading
from collections import deque
from concurrent.futures import Future
from contextlib import closing
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import TYPE_CHECKING, Protocol

from fahr_core.errors import DiskError, FahrError, ServiceError
from fahr_core.experiment import shown

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from typing_extensions import Buffer

__all__ = [
    "NAME",
    "ObjectChanged",
    "OpenRange",
    "RangeBody",
    "Readable",
    "ranged_stream",
    "save",
]

#: Bytes of one part, and how many parts come at once: with the one that is read, all that
#: lies in memory.
PART = 4 * 1024 * 1024
AT_ONCE = 4
#: The threads' name.
NAME = "ranged"
#: How often a part may break off without a byte, and the longest pause before asking again.
ATTEMPTS = 8
LONGEST_PAUSE = 10.0
_CHUNK = 256 * 1024


class ObjectChanged(ServiceError):  # noqa: N818 - reads as the fact that it states
    """The object is another one than when its first byte was read."""


class Readable(Protocol):
    """Bytes that are read forward."""

    def read(self, size: int, /) -> bytes:
        """Give up to ``size`` bytes, none at the end."""


class RangeBody(Readable, Protocol):
    """The bytes of a range as they come; what may pass is a :class:`ServiceError`."""

    def close(self) -> None:
        """Let the connection go."""


class OpenRange(Protocol):
    """Opens the bytes of an object from ``start`` up to and without ``stop``.

    Raises ServiceError where asking again may help, :class:`ObjectChanged` where the object
    is not the one that was meant, and any other FahrError where it is no use.
    """

    def __call__(self, start: int, stop: int) -> RangeBody:
        """Open it."""


def ranged_stream(
    open_range: OpenRange,
    size: int,
    *,
    told: Callable[[int], None] | None = None,
    at_once: int | None = None,
    part: int | None = None,
) -> io.BufferedReader:
    """Give an object of ``size`` bytes as a stream that is read forward.

    Args:
        open_range: Opens a range of it; called from several threads.
        size: Its bytes, which is how many the stream gives: neither fewer nor more.
        told: Is told how many bytes were read so far.
        at_once: How many parts come in parallel; by default :data:`AT_ONCE`.
        part: Bytes of a part; by default :data:`PART`.

    Reading raises ServiceError when a part breaks off again and again without a byte.
    """
    parts = _Parts(open_range, size, told, at_once or AT_ONCE, part or PART)
    return io.BufferedReader(parts, _CHUNK)


def save(stream: Readable, place: Path) -> int:
    """Write a stream into a new file of a folder that is there, and give its bytes.

    Raises:
        DiskError: the disk is full or the folder cannot be written.
    """
    written = 0
    try:
        with place.open("xb") as file:
            while chunk := stream.read(_CHUNK):
                written += file.write(chunk)
    except OSError as error:
        raise DiskError(f"cannot write {shown(place)}: {error.strerror or error}") from error
    return written


@dataclass(frozen=True, slots=True, eq=False)
class _Order:
    """A part that is asked for, and the buffer that it comes into."""

    start: int
    stop: int
    buffer: bytearray
    done: Future[memoryview] = field(default_factory=Future)


class _Parts(io.RawIOBase):
    """The parts of an object, in order, a few of them ahead of the reader.

    Buffers and threads are few and kept: memory that is given back from many threads stays
    with the process.
    """

    def __init__(
        self,
        open_range: OpenRange,
        size: int,
        told: Callable[[int], None] | None,
        at_once: int,
        part: int,
    ) -> None:
        self._open_range, self._size, self._told = open_range, size, told
        self._part = part
        self._asked = self._given = 0
        self._orders: SimpleQueue[_Order | None] = SimpleQueue()
        self._coming: deque[_Order] = deque()
        self._current = memoryview(b"")
        self._buffer: bytearray | None = None  # what the current part lies in
        self._closing = threading.Event()
        self._workers = min(at_once, -(-size // part))
        for _ in range(self._workers):
            self._ask(bytearray(min(part, size)))
            # Daemons: what waits for a dead connection must not hold up this program's end.
            threading.Thread(target=self._work, name=NAME, daemon=True).start()

    def readable(self) -> bool:
        return True

    def readinto(self, target: Buffer, /) -> int:
        if not self._current:
            if not self._coming:
                return 0
            self._current = self._next()
        view = memoryview(target).cast("B")
        count = min(len(view), len(self._current))
        view[:count] = self._current[:count]
        self._current = self._current[count:]
        self._given += count
        if self._told:
            self._told(self._given)
        return count

    def _next(self) -> memoryview:
        """Wait for the next part; the buffer of the one before is for what is asked for now."""
        order = self._coming.popleft()
        content = order.done.result()
        self._ask(self._buffer or bytearray(len(order.buffer)))
        self._buffer = order.buffer
        return content

    def close(self) -> None:
        self._closing.set()
        self._coming.clear()
        for _ in range(self._workers):
            self._orders.put(None)
        self._workers = 0
        super().close()

    def _ask(self, buffer: bytearray) -> None:
        start = self._asked
        if start >= self._size:
            return
        self._asked = min(self._size, start + self._part)
        order = _Order(start, self._asked, buffer)
        self._coming.append(order)
        self._orders.put(order)

    def _work(self) -> None:
        while order := self._orders.get():
            try:
                order.done.set_result(self._whole(order))
            except BaseException as error:  # noqa: BLE001 - it is the reader's to see
                order.done.set_exception(error)

    def _whole(self, order: _Order) -> memoryview:
        """Give the bytes of a part, asking for the rest of it where it breaks off."""
        start, stop = order.start, order.stop
        content = memoryview(order.buffer)[: stop - start]
        got = attempts = 0
        while got < len(content):
            try:
                came = self._some(content[got:], start + got, stop)
                problem = ServiceError("the download breaks off")
            except ObjectChanged:
                raise
            except _BrokenOffError as broken:
                came, problem = broken.came, broken.cause
            except ServiceError as error:
                came, problem = 0, error
            got += came
            if got == len(content):
                break
            attempts = 1 if came else attempts + 1
            pause = min(LONGEST_PAUSE, 0.1 * 2.0**attempts)
            if attempts >= ATTEMPTS or self._closing.wait(pause):
                raise problem
        return content

    def _some(self, target: memoryview, start: int, stop: int) -> int:
        came = 0
        with closing(self._open_range(start, stop)) as body:
            while came < len(target) and not self._closing.is_set():
                try:
                    chunk = body.read(min(_CHUNK, len(target) - came))
                except ServiceError as error:
                    raise _BrokenOffError(came, error) from error
                if not chunk:
                    break
                target[came : came + len(chunk)] = chunk
                came += len(chunk)
        return came


class _BrokenOffError(FahrError):
    """A range broke off after some of its bytes."""

    def __init__(self, came: int, cause: ServiceError) -> None:
        super().__init__(cause.message)
        self.came = came
        self.cause = cause
