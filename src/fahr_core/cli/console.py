"""What is printed: results on stdout, everything else on stderr.

Colour by NO_COLOR, FORCE_COLOR and whether the stream is a terminal.  What moves and what
asks needs terminals, and neither CI nor a notebook cell; elsewhere each stage is one line.
"""

from __future__ import annotations

import json
import os
import sys
import textwrap
import threading
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from fahr_core.durations import size

if TYPE_CHECKING:
    from fahr_core.errors import FahrError

__all__ = [
    "Terminal",
    "can_ask",
    "clear",
    "error",
    "folded",
    "note",
    "out",
    "out_json",
    "prepare_streams",
    "stage",
    "styled",
    "width",
]

_WIDTH = 80
_STAGE = 9
_STYLES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}


class _MovingLine:
    """The line on stderr that is drawn again and again; whatever else is printed removes it.

    Files that come side by side draw it from several threads.
    """

    def __init__(self) -> None:
        self._text = ""
        self._lock = threading.RLock()

    def draw(self, text: str) -> None:
        text = text[: width(sys.stderr) - 1]
        with self._lock:
            sys.stderr.write("\r" + text.ljust(len(self._text)))
            sys.stderr.flush()
            self._text = text

    def clear(self) -> None:
        with self._lock:
            if self._text:
                sys.stderr.write("\r" + " " * len(self._text) + "\r")
                sys.stderr.flush()
                self._text = ""

    def give_way(self, stream: IO[str], line: str) -> None:
        """Print a line in its place."""
        with self._lock:
            self.clear()
            stream.write(line + "\n")
            stream.flush()


_moving = _MovingLine()


def prepare_streams() -> None:
    """Let any name be printed: what a stream cannot show is escaped.

    A stream that the caller closed (``fahr ls >&-``, some services) is opened on nothing; its
    number would otherwise go to the next file opened, and what is printed into that file.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            stream = Path(os.devnull).open(mode, encoding="utf-8")  # noqa: SIM115
            setattr(sys, name, stream)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def out(text: str) -> None:
    """Print a line of the result."""
    _moving.give_way(sys.stdout, text)


def out_json(value: Any) -> None:
    """Print the one document of ``--json``."""
    from fahr_core.launcher.literals import in_json

    text = json.dumps(in_json(value), indent=2, ensure_ascii=False, default=str, allow_nan=False)
    out(text)


def note(text: str = "") -> None:
    """Print a line that is not the result."""
    _moving.give_way(sys.stderr, text)


def clear() -> None:
    """Remove a line that still moves."""
    _moving.clear()


def stage(name: str, text: str, style: str = "dim") -> None:
    """Print a stage, its text folded under itself."""
    room = width(sys.stderr) - _STAGE
    lines = _folded(text, room)
    note(styled(f"{name:<{_STAGE - 1}} ", style) + lines[0])
    for line in lines[1:]:
        note(" " * _STAGE + line)


def error(problem: FahrError, *, as_json: bool = False) -> None:
    """Print what went wrong, and below it what to do."""
    if as_json:
        hint = "\n".join(problem.hints) or None
        body = {"code": problem.code, "message": problem.message, "hint": hint}
        note(json.dumps({"error": body}, ensure_ascii=False))
        return
    first, *more = _folded(problem.message, width(sys.stderr) - 7)
    note(styled("error: ", "red") + first)
    for line in more:
        note("       " + line)
    for hint in problem.hints:
        note("  " + hint)  # never folded: it is pasted


def folded(text: str, stream: IO[str]) -> str:
    """Break a text at a terminal's edge; where nobody counts columns it stays as it is."""
    if not stream.isatty():
        return text
    lines = [part for line in text.splitlines() for part in _folded(line, width(stream))]
    return "\n".join(lines)


def styled(text: str, style: str, stream: IO[str] | None = None) -> str:
    """Give ``text`` in a style where the stream (stderr) shows colour."""
    return f"\033[{_STYLES[style]}m{text}\033[0m" if _has_colour(stream or sys.stderr) else text


def can_ask() -> bool:
    """Tell whether somebody is there to answer a question."""
    return _is_terminal(sys.stdin) and _moves(sys.stderr)


class Terminal:
    """The reporter of the command line.

    Progress moves on a terminal; elsewhere a stage that takes long is told once a minute.
    """

    def __init__(self) -> None:
        self._moving = _moves(sys.stderr)
        self._drawn = 0.0
        self._told = time.monotonic()

    def say(self, stage_name: str, text: str) -> None:
        """Print a finished stage."""
        stage(stage_name, text)

    def warn(self, text: str) -> None:
        """Print a warning."""
        stage("warning", text, "yellow")

    def progress(
        self, stage: str, text: str = "", done: int | None = None, total: int | None = None
    ) -> None:
        """Draw how far a stage is."""
        now = time.monotonic()
        if self._moving:
            if now - self._drawn >= 0.1 or (total is not None and done == total):
                self._drawn = now
                _moving.draw(_progress_line(stage, text, done, total))
        elif now - self._told >= 60:
            self._told = now
            note(_progress_line(stage, text, done, total))


def _progress_line(stage: str, text: str, done: int | None, total: int | None) -> str:
    amount = ""
    if total:
        amount = f"{100 * (done or 0) // total:3d}%  {size(total)}"
    elif done:
        amount = size(done)
    return " ".join(filter(None, [f"{stage:<{_STAGE - 1}}", text, amount])).rstrip()


def _folded(text: str, room: int) -> list[str]:
    """Break a text at blanks; what has none (a link, a path) is left whole."""
    return textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False) or [""]


def width(stream: IO[str]) -> int:
    """Give the columns of a stream; 80 where it is no terminal."""
    if not stream.isatty():
        return _WIDTH
    told = os.environ.get("COLUMNS", "")
    columns = int(told) if told.isdecimal() else os.get_terminal_size(stream.fileno()).columns
    return max(40, columns or _WIDTH)


def _has_colour(stream: IO[str]) -> bool:
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return _is_terminal(stream) and os.environ.get("TERM") != "dumb"


def _moves(stream: IO[str]) -> bool:
    if os.environ.get("CI") or os.environ.get("JPY_PARENT_PID"):
        return False
    return _is_terminal(stream) and os.environ.get("TERM") != "dumb"


def _is_terminal(stream: IO[str] | None) -> bool:
    return stream is not None and not stream.closed and stream.isatty()
