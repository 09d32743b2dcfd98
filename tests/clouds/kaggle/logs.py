"""The log of a session: lines as they come, a live stream of them, and the whole at the end."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

END = "END_OF_LOG"


@dataclass(frozen=True)
class Line:
    """A line: ``stdout`` or ``stderr``, seconds since the start, the text with its end."""

    stream_name: str
    time: float
    data: str


class Log:
    """Lines that several threads write and read."""

    def __init__(self) -> None:
        self._lines: list[Line] = []
        self._closed = False
        self._changed = threading.Condition()
        self._started = time.monotonic()

    def write(self, stream_name: str, data: str) -> None:
        with self._changed:
            passed = time.monotonic() - self._started
            self._lines.append(Line(stream_name, round(passed, 9), data))
            self._changed.notify_all()

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    @property
    def text(self) -> str:
        """All that was printed, for a test to look at."""
        with self._changed:
            return "".join(line.data for line in self._lines)

    def document(self) -> str:
        """Give the log as it is kept: a JSON array, one line of text for each line."""
        with self._changed:
            rows = [json.dumps(asdict(line)) for line in self._lines]
        return "[" + "\n,".join(rows) + "\n]" if rows else ""

    def events(self) -> Iterator[bytes]:
        """Give the server-sent events, from the first line, until the end of the log."""
        sent = 0
        while True:
            with self._changed:
                while not self._closed and len(self._lines) == sent:
                    self._changed.wait()
                lines, closed = self._lines[sent:], self._closed
            sent += len(lines)
            for line in lines:
                yield f"data: {json.dumps(asdict(line))}\n\n".encode()
            if closed:
                yield f"data: {END}\n\n".encode()
                return
