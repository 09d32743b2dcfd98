"""Call the command line: in this process, as a process, or at a terminal."""

from __future__ import annotations

import json
import os
import re
import select
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from fahr_core.cli.app import run

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FAHR = (sys.executable, "-m", "fahr_core")


@dataclass(frozen=True)
class Called:
    """How a command ended."""

    status: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The one JSON document on stdout."""
        return json.loads(self.out)

    @property
    def rows(self) -> list[list[str]]:
        """The fields of the lines on stdout."""
        return [line.split("\t") for line in self.out.splitlines()]


class Call(Protocol):
    """The type of the fixture ``call``."""

    def __call__(self, *words: object) -> Called:
        """Run a command line in this process, without a terminal."""


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Call:
    """Give a function that runs a command line in this process."""

    def called(*words: object) -> Called:
        capsys.readouterr()
        status = run([str(word) for word in words])
        out, err = capsys.readouterr()
        return Called(status, out, err)

    return called


def in_process(*words: object, cwd: Path, env: Mapping[str, str] | None = None) -> Called:
    """Run a command line as a process without a terminal."""
    done = subprocess.run(
        [*FAHR, *map(str, words)],
        cwd=cwd,
        env={**os.environ, **(env or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )
    return Called(done.returncode, done.stdout, done.stderr)


class AtTerminal:
    """A command line at a terminal of 80 columns, with somebody who reads and types."""

    def __init__(self, *words: object, cwd: Path) -> None:
        import fcntl
        import pty
        import struct
        import termios

        self._screen, end = pty.openpty()
        fcntl.ioctl(end, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self._process = subprocess.Popen(
            [*FAHR, *map(str, words)],
            cwd=cwd,
            env={**os.environ, "TERM": "xterm", "NO_COLOR": "1"},
            stdin=end,
            stdout=end,
            stderr=end,
            preexec_fn=lambda: _control(end),
            close_fds=True,
        )
        os.close(end)
        self.shown = ""
        self._read_to = 0

    def until(self, text: str, timeout: float = 60) -> str:
        """Wait until `text` is shown, after what was waited for before, and give all since."""
        deadline = time.monotonic() + timeout
        while text not in self.shown[self._read_to :]:
            left = deadline - time.monotonic()
            assert left > 0, f"no {text!r} in: {self.shown}"
            assert self._more(left), f"it ended without {text!r}: {self.shown}"
        begin = self._read_to
        self._read_to = self.shown.index(text, begin) + len(text)
        return self.shown[begin : self._read_to]

    def type(self, text: str) -> None:
        """Type a line."""
        os.write(self._screen, text.encode() + b"\n")

    def interrupt(self) -> None:
        """Press Ctrl-C."""
        os.write(self._screen, b"\x03")

    def ended(self, timeout: float = 60) -> int:
        """Wait for the end and give the exit status."""
        deadline = time.monotonic() + timeout
        while self._more(max(0.0, deadline - time.monotonic())):
            continue
        os.close(self._screen)
        return self._process.wait(timeout)

    def _more(self, timeout: float) -> bool:
        """Read what is shown next; false at the end."""
        ready, _, _ = select.select([self._screen], [], [], timeout)
        if not ready:
            return False
        try:
            data = os.read(self._screen, 65536)
        except OSError:  # how Linux tells that the other end is closed
            return False
        self.shown += re.sub("\r", "", data.decode())
        return bool(data)


def _control(end: int) -> None:
    """Make the terminal the one that Ctrl-C is pressed at."""
    import fcntl
    import termios

    os.setsid()
    fcntl.ioctl(end, termios.TIOCSCTTY, 0)
