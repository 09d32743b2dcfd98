"""A terminal for commands that run in this process."""

from __future__ import annotations

import os
import re
import select
import struct
import sys
from functools import wraps
from typing import TYPE_CHECKING

import pytest

from fahr_core.cli import console

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Screen:
    """A terminal: what is printed on it is read from it, what is typed is stdin's."""

    def __init__(self) -> None:
        import pty

        self._screen, self._end = pty.openpty()
        self.stdin = os.fdopen(os.dup(self._end), encoding="utf-8")
        self.stdout = os.fdopen(os.dup(self._end), "w", encoding="utf-8")
        self.stderr = os.fdopen(os.dup(self._end), "w", encoding="utf-8")
        self.resize(80)

    def resize(self, columns: int) -> None:
        """Make it so wide."""
        import fcntl
        import termios

        fcntl.ioctl(self._end, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))

    def type(self, text: str) -> None:
        """Type, without being seen."""
        import termios

        settings = termios.tcgetattr(self._end)
        settings[3] &= ~termios.ECHO
        termios.tcsetattr(self._end, termios.TCSANOW, settings)
        os.write(self._screen, text.encode())

    def raw(self) -> str:
        """Give all that was printed since it was last asked for."""
        self.stdout.flush()
        self.stderr.flush()
        data = b""
        while select.select([self._screen], [], [], 0)[0]:
            data += os.read(self._screen, 65536)
        return data.decode().replace("\r\n", "\n")

    def lines(self) -> list[str]:
        """Give the lines as they are read: without colour, and without what was drawn over."""
        plain = re.sub(r"\033\[\d+m", "", self.raw())
        return [line.rstrip().rpartition("\r")[2] for line in plain.split("\n") if line.strip()]

    def __enter__(self) -> None:
        """Be the terminal of this process."""
        self._before = sys.stdin, sys.stdout, sys.stderr
        sys.stdin, sys.stdout, sys.stderr = self.stdin, self.stdout, self.stderr

    def __exit__(self, *_: object) -> None:
        console.clear()
        sys.stdin, sys.stdout, sys.stderr = self._before

    def close(self) -> None:
        for stream in (self.stdin, self.stdout, self.stderr):
            stream.close()
        os.close(self._end)
        os.close(self._screen)


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Iterator[Screen]:
    """Give a terminal of 80 columns; a test that is :func:`at_terminal` writes to it."""
    monkeypatch.setenv("TERM", "xterm")
    terminal = Screen()
    yield terminal
    terminal.close()


def at_terminal(test: Callable[..., None]) -> Callable[..., None]:
    """Let a test run at its ``screen``: a fixture cannot, for pytest puts its own streams back."""

    @wraps(test)
    def tested(*arguments: object, screen: Screen, **fixtures: object) -> None:
        with screen:
            test(*arguments, screen=screen, **fixtures)

    return tested
