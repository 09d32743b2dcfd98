from __future__ import annotations

import json
import re
import time
from typing import TYPE_CHECKING

import pytest

from fahr_core.models import LogLine, State
from tests.cli.calling import call
from tests.cli.records import fill
from tests.told_driver import Service, distributions, ends_later, send, told

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.calling import Call

__all__ = ["call", "distributions", "ends_later", "told"]


@pytest.fixture
def name(told: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    told.lines = [
        LogLine(text="one", time=time.time() - 7200, cursor="1"),
        LogLine(text="  two [3%]", time=time.time(), source="stderr", cursor="2"),
        LogLine(text="größer", cursor="3"),
    ]
    return send(tmp_path).name


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ([], ["one", "  two [3%]", "größer"]),
        (["--tail", "2"], ["  two [3%]", "größer"]),
        (["--tail=0"], []),
        (["--tail=-1"], []),
        (["--tail=9"], ["one", "  two [3%]", "größer"]),
        (["--since", "10m"], ["  two [3%]", "größer"]),
        (["--since", "3h"], ["one", "  two [3%]", "größer"]),
        (["-f", "--tail", "1"], ["größer"]),
        (["-f", "--since", "10m"], ["  two [3%]", "größer"]),
    ],
)
def test_lines_as_they_were_printed(
    call: Call, told: Service, name: str, words: list[str], shown: list[str]
) -> None:
    if "-f" in words:
        told.ends()
    done = call("logs", name, *words)
    assert done.status == 0
    assert done.out.splitlines() == shown


def test_times_before_the_lines(call: Call, name: str) -> None:
    one, two, three = call("logs", name, "-t").out.splitlines()
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d one", one)
    assert two.endswith("   two [3%]")
    assert three == "größer"


def test_the_lines_of_several_machines_are_told_apart(call: Call, told: Service, name: str) -> None:
    told.lines = [LogLine(text="one", source="algo-1"), LogLine(text="two", source="algo-2")]
    assert call("logs", name).out == "algo-1: one\nalgo-2: two\n"
    assert call("logs", name, "-t").out == "algo-1: one\nalgo-2: two\n"
    told.ends()
    assert call("logs", name, "-f").out == "algo-1: one\nalgo-2: two\n"


def test_no_more_is_asked_for_than_is_shown(call: Call, told: Service, name: str) -> None:
    call("logs", name, "--tail=7")
    assert told.last == 7
    call("logs", name)
    assert told.last is None
    call("status", name)
    assert told.last == 20


def test_json_lines(call: Call, name: str) -> None:
    entries = [json.loads(line) for line in call("logs", name, "--json").out.splitlines()]
    assert [entry.keys() for entry in entries] == [{"time", "source", "text"}] * 3
    assert entries[1]["source"] == "stderr"
    assert entries[1]["time"].endswith("+00:00")
    assert entries[2] == {"time": None, "source": "stdout", "text": "größer"}


@pytest.mark.parametrize(("state", "status"), [("complete", 0), ("failed", 1), ("stopped", 1)])
@pytest.mark.parametrize("known", [True, False])
def test_following_ends_with_the_jobs_status(
    call: Call, told: Service, name: str, state: str, status: int, known: bool
) -> None:
    told.ends(State(state), reason="why")
    if known:
        call("status", name)
    done = call("logs", name, "-f")
    assert done.status == status
    assert len(done.out.splitlines()) == 3
    assert done.err.startswith(f"{name} {state}")
    assert call("logs", name).status == 0  # who only reads is answered


def test_following_a_job_of_the_services_own(
    call: Call, told: Service, name: str, ends_later: None
) -> None:
    done = call("logs", "-f", "me/kernel", "--train-driver=told", "--tail=1")
    assert (done.status, done.out) == (0, "größer\n")
    assert done.err == "me/kernel complete, 60 s; fahr fetch me/kernel --train-driver=told\n"


def test_a_job_that_has_printed_nothing_yet(call: Call) -> None:
    fill(1, state="queued", driver="local")
    done = call("logs", "digits-train-1")
    assert (done.status, done.out) == (0, "")
    assert done.err == "digits-train-1 is queued: it has printed nothing yet\n"


def test_a_time_that_is_none(call: Call, name: str) -> None:
    done = call("logs", name, "--since", "yesterday")
    assert done.status == 2
    assert '"yesterday" is not a duration' in done.err
    assert done.out == ""
