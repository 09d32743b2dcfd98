"""A job's output on its way to the log."""

import itertools
import json
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fahr_core.launcher.log import LONGEST_LINE, Lines, Log

from .conftest import Place, alive, wait_for


def lines_of(*chunks: bytes) -> list[bytes]:
    found: list[bytes] = []
    lines = Lines(found.append)
    for chunk in chunks:
        lines.feed(chunk)
    lines.end()
    return found


@pytest.fixture
def written(tmp_path: Path) -> Iterator[tuple[Log, Any]]:
    """Give a jsonl log and a function that reads what it wrote."""
    path = tmp_path / "log"
    file = os.open(path, os.O_WRONLY | os.O_CREAT)
    log = Log("jsonl", stdout=file)
    yield log, lambda: [json.loads(line) for line in path.read_text().splitlines()]
    os.close(file)


@given(
    st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\r\n"))),
    st.lists(st.integers(0, 99)),
)
def test_lines_are_the_same_however_they_arrive(texts: list[str], cuts: list[int]) -> None:
    data = "".join(text + "\n" for text in texts).encode()
    edges = sorted({min(cut, len(data)) for cut in [0, *cuts, len(data)]})
    chunks = [data[a:b] for a, b in itertools.pairwise(edges)]
    assert lines_of(*chunks) == [text.encode() for text in texts]


def test_unfinished_last_line() -> None:
    assert lines_of(b"one\ntwo") == [b"one", b"two"]


def test_windows_line_ends_cut_in_two() -> None:
    assert lines_of(b"one\r", b"\ntwo\r\n", b"\r\n") == [b"one", b"two", b""]


def test_progress_bar_shows_a_state_a_second() -> None:
    states = [b"\r%d%%" % percent for percent in range(101)]
    found = lines_of(*states, b"\n", b"done\n")
    assert found[0] == b"0%"
    assert found[-2:] == [b"100%", b"done"]
    assert len(found) == 3


def test_quiet_progress_bar_is_shown_by_the_tick() -> None:
    found: list[bytes] = []
    lines = Lines(found.append)
    lines.feed(b"10%\r20%\r")
    lines._shown_at -= 2
    lines.tick()
    assert found == [b"10%", b"20%"]
    lines.tick()
    assert found == [b"10%", b"20%"]


def test_long_lines_are_split_between_characters() -> None:
    text = "x" + "ä" * LONGEST_LINE
    found = lines_of(text.encode(), b"\n")
    assert all(len(piece) <= LONGEST_LINE for piece in found)
    assert "".join(piece.decode() for piece in found) == text
    assert lines_of(text.encode() + b"\n") == found


def test_jsonl(written: tuple[Log, Any]) -> None:
    log, entries = written
    log.write("stdout", "größe \u2028 1\n".encode())
    log.write("stderr", b"\xff\n")
    log.say("two\nlines")
    log.write("stdout", b"rest")
    log.end_of_job()
    log.write("stdout", b"late\n")
    log.say("end")
    assert [(entry["source"], entry["text"]) for entry in entries()] == [
        ("stdout", "größe \u2028 1"),
        ("stderr", "\ufffd"),
        ("fahr", "two"),
        ("fahr", "lines"),
        ("stdout", "rest"),
        ("fahr", "end"),
    ]
    assert all(entry["time"] > 1.7e9 for entry in entries())


def test_tail_is_kept_short(tmp_path: Path) -> None:
    log = Log("raw", os.open(os.devnull, os.O_WRONLY), os.open(os.devnull, os.O_WRONLY))
    for _ in range(40):
        log.write("stderr", b"x" * 8192)
    log.write("stderr", b"end\r\n")
    assert log.tail("stderr").endswith("xend\n")
    assert len(log.tail("stderr")) <= 64 * 1024


def test_full_log_disk_does_not_end_the_job() -> None:
    file = os.open("/dev/full", os.O_WRONLY)
    log = Log("jsonl", stdout=file)
    log.write("stdout", b"text\n")
    os.close(file)
    assert log.received == 5


def test_stuck_reader_does_not_keep_fahr_from_its_work() -> None:
    read, write = os.pipe()
    log = Log("raw", write, write)
    thread = threading.Thread(target=log.write, args=("stdout", b"x" * 1024 * 1024), daemon=True)
    thread.start()
    wait_for(lambda: log.received)
    log.say("lost")
    log.tick()
    assert thread.is_alive(), "the reader was not stuck"
    left = 1024 * 1024
    while left:  # no more than that: the pipe is open, and reading on would wait for ever
        left -= len(os.read(read, left))
    thread.join()
    os.close(read)
    os.close(write)


@pytest.mark.parametrize("form", ["raw", "jsonl"])
def test_output_arrives_while_the_job_runs(place: Place, form: str) -> None:
    place.script(
        f"""
        import pathlib, time
        print("first")
        while not pathlib.Path({str(place.folder)!r}, "go").exists():
            time.sleep(0.02)
        print("second", end="")
        """
    )
    process = place.start(log=form)
    assert process.stdout is not None
    assert b"first" in process.stdout.readline()
    (place.folder / "go").touch()
    assert "second" in place.finish(process).out


def test_slow_reader_gets_all_that_was_said(place: Place) -> None:
    """180 kB fit into the pipes on the way, so the job ends before anyone has read a byte."""
    place.script(
        f"""
        import os, pathlib
        pathlib.Path({str(place.folder)!r}, "pid").write_text(str(os.getpid()))
        os.write(1, b"x" * 180_000)
        """
    )
    process = place.start()
    path = place.folder / "pid"
    wait_for(lambda: path.exists() and path.read_text() and not alive(int(path.read_text())))
    time.sleep(1.5)  # longer than a silent pipe is read
    assert len(place.finish(process).out) == 180_000


def test_raw_bytes_stay_as_they_are(place: Place) -> None:
    place.script("import os\nos.write(1, b'\\xff\\r\\n\\r5%')\nos.write(2, b'\\x00')")
    out, err = place.start().communicate(timeout=30)
    assert (out, err) == (b"\xff\r\n\r5%", b"\x00")


def test_jsonl_of_a_job(place: Place) -> None:
    place.script("import sys\nprint('out')\nprint('err', file=sys.stderr)\n1 / 0")
    result = place.run(log="jsonl")
    entries = [json.loads(line) for line in result.out.splitlines()]
    by_source: dict[str, list[str]] = {}
    for entry in entries:
        by_source.setdefault(entry["source"], []).append(entry["text"])
    assert by_source["stdout"] == ["out"]
    assert by_source["stderr"][0] == "err"
    assert by_source["stderr"][-1] == "ZeroDivisionError: division by zero"
    assert by_source["fahr"] == ["ZeroDivisionError: division by zero  train.py:4  1 / 0"]
    assert result.err == ""
