from __future__ import annotations

import io
import json
import math
import os
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from fahr_core.cli import console
from fahr_core.errors import UsageError
from tests.cli.screen import Screen, at_terminal, screen

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["screen"]

LONG = "the folder " * 20 + "/a/path/" + "x" * 100 + " has no file"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Give a function that lets time pass."""
    now = [100.0]
    monkeypatch.setattr("fahr_core.cli.console.time.monotonic", lambda: now[0])

    def passes(seconds: float) -> None:
        now[0] += seconds

    return passes


# -- results and the rest ---------------------------------------------------------------


def test_results_go_to_stdout_and_the_rest_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    console.out("result")
    console.out_json({"name": "größer", "when": None})
    console.note("rest")
    console.stage("code", "train.py")
    out, err = capsys.readouterr()
    first, _, document = out.partition("\n")
    assert (first, json.loads(document)) == ("result", {"name": "größer", "when": None})
    assert "größer" in document
    assert err == "rest\ncode     train.py\n"


def test_a_document_is_json_to_every_reader(capsys: pytest.CaptureFixture[str]) -> None:
    console.out_json({"lr": math.nan, "clips": (math.inf, -math.inf, 1.5)})
    assert json.loads(capsys.readouterr().out, parse_constant=pytest.fail) == {
        "lr": "NaN",
        "clips": ["Infinity", "-Infinity", 1.5],
    }


def test_long_texts_are_folded_under_themselves(capsys: pytest.CaptureFixture[str]) -> None:
    console.stage("code", LONG)
    console.error(UsageError(LONG, "a hint " * 20))
    stage, error = capsys.readouterr().err.split("error: ")
    for text, indent in ((stage, 9), (error, 7)):
        first, *more = [line for line in text.splitlines() if "hint" not in line]
        assert more
        assert all(line.startswith(" " * indent) for line in more)
        assert all(len(line) <= 80 for line in [first, *more] if "xxx" not in line)
    assert "/a/path/" + "x" * 100 in stage  # what can be pasted stays whole
    assert "  " + "a hint " * 20 + "\n" in error


def test_an_error_as_text_and_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    problem = UsageError('no "ä"', "first", "second")
    console.error(problem)
    assert capsys.readouterr() == ("", 'error: no "ä"\n  first\n  second\n')
    console.error(problem, as_json=True)
    document = {"code": "usage", "message": 'no "ä"', "hint": "first\nsecond"}
    out, err = capsys.readouterr()
    assert (out, json.loads(err)) == ("", {"error": document})
    console.error(UsageError("x"), as_json=True)
    assert json.loads(capsys.readouterr().err)["error"]["hint"] is None


def test_a_name_that_a_stream_cannot_show_is_escaped(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", stream)
    console.prepare_streams()
    console.out("größer \udce9")
    assert stream.buffer.getvalue() == b"gr\\xf6\\xdfer \\udce9\n"  # type: ignore[attr-defined]


# -- width ------------------------------------------------------------------------------


def test_a_pipe_has_80_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    assert console.width(io.StringIO()) == 80


@at_terminal
def test_the_width_is_that_of_the_stream_itself(
    screen: Screen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdout", io.StringIO())  # as in $(fahr fit)
    for columns, told in ((120, 120), (80, 80), (20, 40), (0, 80)):
        screen.resize(columns)
        assert console.width(sys.stderr) == told
    monkeypatch.setenv("COLUMNS", "99")
    assert console.width(sys.stderr) == 99


@at_terminal
def test_no_line_is_longer_than_the_terminal(screen: Screen) -> None:
    screen.resize(60)
    console.stage("code", "one two three " * 20)
    terminal = console.Terminal()
    terminal.warn("one two three " * 20)
    terminal.progress("image", "layer " * 40)
    lines = screen.lines()
    assert len(lines) > 10
    assert all(len(line) <= 60 for line in lines)


# -- colour -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("variables", "at_terminal", "in_pipe"),
    [
        ({}, True, False),
        ({"NO_COLOR": "1"}, False, False),
        ({"NO_COLOR": ""}, True, False),
        ({"FORCE_COLOR": "1"}, True, True),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False, False),
        ({"TERM": "dumb"}, False, False),
        ({"CI": "1"}, True, False),
    ],
)
@at_terminal
def test_colour(
    screen: Screen,
    monkeypatch: pytest.MonkeyPatch,
    variables: dict[str, str],
    at_terminal: bool,
    in_pipe: bool,
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert (console.styled("x", "red") == "\033[31mx\033[0m") is at_terminal
    assert (console.styled("x", "red", io.StringIO()) != "x") is in_pipe


@at_terminal
def test_stages_stand_in_one_column_with_colour_and_without(screen: Screen) -> None:
    terminal = console.Terminal()
    terminal.say("code", "train.py")
    terminal.warn("large")
    plain = screen.raw().replace("\033[2m", "").replace("\033[33m", "").replace("\033[0m", "")
    assert plain == "code     train.py\nwarning  large\n"


# -- what moves and what asks -----------------------------------------------------------


@pytest.mark.parametrize("variable", ["CI", "JPY_PARENT_PID", "TERM"])
@at_terminal
def test_nothing_moves_or_asks_where_nobody_sits(
    screen: Screen, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    assert console.can_ask()
    monkeypatch.setenv(variable, "dumb")
    assert not console.can_ask()
    console.Terminal().progress("image", "layer", 1, 2)
    assert screen.raw() == ""


def closed() -> io.StringIO:
    stream = io.StringIO()
    stream.close()
    return stream


@pytest.mark.parametrize("stream", [io.StringIO(), None, closed()], ids=["pipe", "none", "closed"])
@pytest.mark.parametrize("name", ["stdin", "stderr"])
@at_terminal
def test_a_question_needs_two_ends(
    screen: Screen, monkeypatch: pytest.MonkeyPatch, name: str, stream: io.StringIO | None
) -> None:
    with monkeypatch.context() as within:  # undone before the screen is taken away
        within.setattr(sys, name, stream)
        assert not console.can_ask()


@at_terminal
def test_a_pipe_stands_not_in_the_way_of_a_question(
    screen: Screen, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as within:
        within.setattr(sys, "stdout", io.StringIO())
        assert console.can_ask()


@at_terminal
def test_progress_moves_at_a_terminal(screen: Screen, clock: Callable[[float], None]) -> None:
    terminal = console.Terminal()
    terminal.progress("image", "layer one", 50_000_000, 200_000_000)
    terminal.progress("image", "too soon", 60_000_000, 200_000_000)
    clock(0.2)
    terminal.progress("image", "two", 100_000_000, 200_000_000)
    terminal.progress("image", "", 200_000_000, 200_000_000)
    drawn = [line.rstrip() for line in screen.raw().split("\r")]
    assert drawn == [
        "",
        "image    layer one  25%  200.0 MB",
        "image    two  50%  200.0 MB",
        "image    100%  200.0 MB",
    ]
    terminal.say("image", "x")
    assert screen.lines() == ["image    x"]


@pytest.mark.parametrize("printed", ["note", "out", "error", "clear"])
@at_terminal
def test_whatever_is_printed_removes_the_line_that_moves(screen: Screen, printed: str) -> None:
    console.Terminal().progress("lock", "resolving requirements.txt")
    screen.raw()
    if printed == "error":
        console.error(UsageError("it failed"))
    elif printed == "clear":
        console.clear()
    else:
        getattr(console, printed)("it failed")
    erased, _, rest = screen.raw().removeprefix("\r").partition("\r")
    assert erased == " " * len("lock     resolving requirements.txt")
    assert ("it failed" in rest) is (printed != "clear")
    console.note("next")
    assert screen.raw() == "next\n"


class Drawn(io.StringIO):
    """A terminal that nobody has to read, so that it never fills."""

    def isatty(self) -> bool:
        return True


def test_lines_and_progress_of_several_threads_do_not_mix(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn, lines = Drawn(), [f"line {number}" for number in range(300)]
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(console._moving, "_text", "")

    def draw() -> None:
        for length in range(3000):
            console._moving.draw("x" * (1 + length % 30))

    with monkeypatch.context() as within:
        within.setattr(sys, "stderr", drawn)
        between = sys.getswitchinterval()
        sys.setswitchinterval(1e-6)
        try:
            threads = [threading.Thread(target=draw) for _ in range(3)]
            for thread in threads:
                thread.start()
            for line in lines:
                console.note(line)
            for thread in threads:
                thread.join()
            console.clear()
        finally:
            sys.setswitchinterval(between)
    shown = [line.rpartition("\r")[2] for line in drawn.getvalue().split("\n")]
    assert [line for line in shown if line] == lines


def test_progress_in_a_pipe_is_a_line_a_minute(
    capsys: pytest.CaptureFixture[str], clock: Callable[[float], None]
) -> None:
    terminal = console.Terminal()
    terminal.progress("image", "one", 1, 2)
    clock(59)
    terminal.progress("image", "two", 1, 2)
    clock(2)
    terminal.progress("image", "three", 2_000_000)
    terminal.progress("image", "four", 3_000_000)
    assert capsys.readouterr().err == "image    three 2.0 MB\n"


@pytest.mark.skipif(os.name == "nt", reason="a shell closes streams this way on POSIX")
@pytest.mark.parametrize("closing", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_stream_that_is_closed_is_nobody_there(tmp_path: Path, closing: str) -> None:
    (tmp_path / "train.py").write_text("epochs = 3\n")
    line = f'"{sys.executable}" -m fahr_core init {closing}'
    done = subprocess.run(["sh", "-c", line], cwd=tmp_path, capture_output=True, timeout=120)
    assert done.returncode == 0
    assert (tmp_path / "fahr.toml").read_text().count("local") == 1
