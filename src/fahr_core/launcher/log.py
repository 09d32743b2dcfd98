"""A job's output: read from its pipes, forwarded at once, its end kept for the reason."""

import json
import os
import threading
import time
from typing import Callable, Dict, List

LONGEST_LINE = 64 * 1024
KEPT = 64 * 1024
PROGRESS_EVERY = 1.0


class Lines:
    """Cut one stream of bytes into lines.

    Of a progress bar, which redraws its line by carriage returns, the newest state is emitted
    at most once a second. Lines above 64 KiB are split.
    """

    def __init__(self, emit: Callable[[bytes], None]) -> None:
        self._emit = emit
        self._rest = b""
        self._redrawn = False
        self._shown = b""
        self._shown_at = 0.0

    def feed(self, data: bytes) -> None:
        """Take what was read."""
        *lines, rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._line(line)
        self._rest = self._newest_state(rest)
        while len(self._rest) > LONGEST_LINE:
            cut = _character_start(self._rest, LONGEST_LINE)
            self._emit(self._rest[:cut])
            self._rest = self._rest[cut:]

    def tick(self) -> None:
        """Emit the state of a progress bar that has been quiet."""
        if self._redrawn:
            self._progress(self._rest.rstrip(b"\r"))

    def end(self) -> None:
        """Emit an unfinished last line."""
        if self._rest.strip(b"\r"):
            self._line(self._rest)
        self._rest = b""

    def _line(self, line: bytes) -> None:
        text = line.rstrip(b"\r").rsplit(b"\r", 1)[-1]
        if not (self._redrawn and text == self._shown):
            while len(text) > LONGEST_LINE:
                cut = _character_start(text, LONGEST_LINE)
                self._emit(text[:cut])
                text = text[cut:]
            self._emit(text)
        self._redrawn = False
        self._shown = b""

    def _newest_state(self, rest: bytes) -> bytes:
        # A carriage return at the very end may be the first half of a line end.
        body = rest[:-1] if rest.endswith(b"\r") else rest
        *before, newest = body.split(b"\r")
        if before:
            self._redrawn = True
            self._progress(before[-1])
        return newest + rest[len(body) :]

    def _progress(self, state: bytes) -> None:
        now = time.monotonic()
        if state.strip() and state != self._shown and now - self._shown_at >= PROGRESS_EVERY:
            self._shown, self._shown_at = state, now
            self._emit(state)


def _character_start(data: bytes, at: int) -> int:
    start = at
    while start > at - 4 and data[start] & 0xC0 == 0x80:
        start -= 1
    return start if data[start] & 0xC0 != 0x80 else at


class Log:
    """Where a job's output goes, from several threads.

    Form `raw`: its bytes as they are, on the two streams. Form `jsonl`: on stdout one object a
    line, `{"time": seconds since the epoch, "source": "stdout|stderr|fahr", "text": ...}`.
    """

    def __init__(self, form: str = "raw", stdout: int = 1, stderr: int = 2) -> None:
        self._json = form == "jsonl"
        self._files = {"stdout": stdout, "stderr": stderr, "fahr": stdout if self._json else stderr}
        self._lock = threading.Lock()
        self._ready: List[bytes] = []
        self._lines = {source: Lines(self._emitter(source)) for source in ("stdout", "stderr")}
        self._tails: Dict[str, bytes] = {"stdout": b"", "stderr": b""}
        self._closed = False
        self.received = 0

    def write(self, source: str, data: bytes) -> None:
        """Forward what was read from the job's stdout or stderr."""
        with self._lock:
            if self._closed:
                return
            self.received += len(data)
            self._tails[source] = (self._tails[source] + data)[-KEPT:]
            if self._json:
                self._lines[source].feed(data)
                self._flush()
            else:
                _write_all(self._files[source], data)

    def say(self, text: str) -> None:
        """Put in a line of fahr's own."""
        # A reader may be stuck in a full pipe while holding the lock; signals matter more
        # than this line.
        if not self._lock.acquire(timeout=1.0):
            return
        try:
            for line in text.splitlines():
                data = line.encode("utf-8", "backslashreplace")
                if self._json:
                    self._emitter("fahr")(data)
                else:
                    _write_all(self._files["fahr"], b"fahr: " + data + b"\n")
            self._flush()
        finally:
            self._lock.release()

    def tick(self) -> None:
        """Emit what has waited; to be called about once a second."""
        if self._json and self._lock.acquire(blocking=False):
            try:
                for lines in self._lines.values():
                    lines.tick()
                self._flush()
            finally:
                self._lock.release()

    def end_of_job(self) -> None:
        """Emit unfinished lines and take no more from the job; `say` still works."""
        if not self._lock.acquire(timeout=1.0):
            return
        try:
            self._closed = True
            if self._json:
                for lines in self._lines.values():
                    lines.end()
                self._flush()
        finally:
            self._lock.release()

    def is_writing(self) -> bool:
        """Tell whether a write is under way, perhaps into a pipe that is full."""
        return self._lock.locked()

    def tail(self, source: str) -> str:
        """Give the last 64 KiB of a stream as text."""
        return self._tails[source].decode("utf-8", "replace").replace("\r\n", "\n")

    def _emitter(self, source: str) -> Callable[[bytes], None]:
        def emit(line: bytes) -> None:
            text = line.decode("utf-8", "replace")
            entry = {"time": round(time.time(), 3), "source": source, "text": text}
            # In ASCII, for readers that take U+2028 and the like for line ends.
            self._ready.append(json.dumps(entry).encode("ascii") + b"\n")

        return emit

    def _flush(self) -> None:
        if self._ready:
            data, self._ready = b"".join(self._ready), []
            _write_all(self._files["stdout"], data)


def _write_all(file: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        try:
            view = view[os.write(file, view) :]
        except BlockingIOError:
            time.sleep(0.01)
        except OSError:
            # Nobody reads any more, or the disk is full: the job goes on without its log.
            return
