from __future__ import annotations

import json
import os
import threading
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fahr_core.local import logs
from fahr_core.local.jobs import job_folder
from fahr_core.local.logs import read_log
from fahr_core.models import JobRef, LogLine

if TYPE_CHECKING:
    from fahr_core.local.folder import JobFolder
    from tests.conftest import Eventually

REF = JobRef(driver="local", id="a")


@pytest.fixture
def folder() -> JobFolder:
    folder = job_folder(REF.id)
    folder.path.mkdir(parents=True)
    return folder


def entry(text: str, **about: object) -> bytes:
    return json.dumps({"text": text, "time": 1.0, "source": "stdout"} | about).encode() + b"\n"


def append(folder: JobFolder, *entries: bytes) -> None:
    with folder.log.open("ab") as log:
        log.writelines(entries)


def texts(after: str | None = None) -> list[str]:
    return [line.text for line in read_log(REF, follow=False, after=after)]


def test_lines_with_time_and_source(folder: JobFolder) -> None:
    append(folder, entry("a"), entry("b", time=2.5, source="stderr"))
    first, second = read_log(REF, follow=False, after=None)
    assert first == LogLine(text="a", time=1.0, source="stdout", cursor=first.cursor)
    assert (second.text, second.time, second.source) == ("b", 2.5, "stderr")
    assert texts(after=first.cursor) == ["b"]
    assert texts(after=second.cursor) == []


def test_no_log_yet() -> None:
    assert texts() == []


def test_a_line_that_is_being_written_is_left(folder: JobFolder) -> None:
    append(folder, entry("a"), entry("b")[:9])
    (line,) = read_log(REF, follow=False, after=None)
    append(folder, entry("b")[9:])
    assert texts(after=line.cursor) == ["b"]


@pytest.mark.parametrize(
    "cut", [b'{"text": "a"', b"[1]", b'{"text": "a", "time": 1}', b"7", b"plain", b"\xff\xfe"]
)
def test_a_broken_line_is_shown_as_it_is(folder: JobFolder, cut: bytes) -> None:
    append(folder, cut + b"\n", entry("b"))
    assert texts() == [cut.decode("utf-8", "replace"), "b"]


@settings(max_examples=40)
@given(st.lists(st.text(max_size=8), max_size=6))
def test_every_line_is_given_once_from_any_cursor(lines: list[str]) -> None:
    folder = job_folder(REF.id)
    folder.path.mkdir(parents=True, exist_ok=True)
    folder.log.write_bytes(b"".join(entry(line) for line in lines))
    given_lines = list(read_log(REF, follow=False, after=None))
    assert [line.text for line in given_lines] == lines
    for number, line in enumerate(given_lines, 1):
        assert texts(after=line.cursor) == lines[number:]


def test_following_gives_what_comes_until_the_end(
    folder: JobFolder, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "_PAUSE", 0.005)
    folder.claim.touch()
    lock = folder.hold_lock()  # somebody lives
    assert lock is not None
    append(folder, entry("before"))
    seen: list[str] = []

    def follow() -> None:
        for line in read_log(REF, follow=True, after=None):
            seen.append(line.text)  # noqa: PERF401 - looked at meanwhile

    follower = threading.Thread(target=follow)
    follower.start()
    eventually(lambda: seen == ["before"])
    append(folder, entry("while"))
    eventually(lambda: seen == ["before", "while"])
    append(folder, entry("last"))
    folder.write_state(state="complete", ended=2.0)
    os.close(lock)
    follower.join(30)
    assert seen == ["before", "while", "last"]
