from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

import pytest

from fahr_core.cli import ls_command
from fahr_core.errors import ServiceError
from fahr_core.ledger import queries
from fahr_core.models import JobRef, State, dumps
from tests.cli.calling import call
from tests.cli.records import fill
from tests.cli.screen import Screen, at_terminal, screen
from tests.told_driver import Service, distributions, send, told

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.calling import Call

__all__ = ["call", "distributions", "screen", "told"]


def test_no_jobs_yet(call: Call) -> None:
    assert (call("ls").out, call("ls").err) == ("", "")  # a pipe gets what there is
    assert call("ls", "--json").document == []


def test_a_pipe_gets_fields_and_no_header(call: Call, told: Service, tmp_path: Path) -> None:
    first = send(tmp_path)
    told.ends(State.FAILED, reason="KeyError:\t'label'\n  in line 3 " + "x" * 100)
    call("status", first.name)
    send(tmp_path)
    done = call("ls")
    assert done.err == ""
    newest, oldest = done.rows
    assert newest[:3] == ["digits-train-2", "submitted", "told"]
    assert newest[4:] == ["", "", ""]
    name, state, driver, created, started, ended, reason = oldest
    assert (name, state, driver) == ("digits-train-1", "failed", "told")
    assert created.startswith("20")
    assert (started, ended) == ("2001-09-09T01:46:40.000+00:00", "2001-09-09T01:47:40.000+00:00")
    assert reason == "KeyError: 'label' in line 3 " + "x" * 100


@pytest.mark.parametrize(
    ("words", "count"),
    [
        ([], 20),
        (["--all"], 34),
        (["-a"], 34),
        (["--json"], 34),
        (["--state", "failed"], 4),
        (["--train-driver", "other"], 4),
        (["--here"], 4),
        (["--here", "--state=complete"], 0),
    ],
)
def test_which_jobs_are_listed(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], count: int
) -> None:
    monkeypatch.chdir(tmp_path)
    fill(30)
    fill(4, stem="other", state="failed", driver="other", experiment=str(tmp_path))
    done = call("ls", *words)
    listed = done.document if "--json" in words else done.rows
    assert len(listed) == count
    if count >= 20:
        names = [job["name"] if "--json" in words else job[0] for job in listed]
        assert names[:5] == ["other-4", "other-3", "other-2", "other-1", "digits-train-30"]


def test_a_word_that_is_no_state(call: Call) -> None:
    done = call("ls", "--state", "finished")
    assert done.status == 2
    assert 'error: "finished" is no state\n  one of: unlaunched, queued' in done.err


def test_ten_thousand_jobs_cost_no_more_than_twenty(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(10_000)
    read: list[str] = []
    real = queries.record_from
    monkeypatch.setattr(queries, "record_from", lambda row: read.append(row[0]) or real(row))
    done = call("ls")
    assert len(done.rows) == len(read) == 20
    assert done.rows[0][0] == read[0] == "digits-train-10000"


# -- at a terminal ----------------------------------------------------------------------


@at_terminal
def test_a_table(screen: Screen) -> None:
    now = time.time()
    fill(2, stem="bert-train", created=now - 7200, started=now - 7200, ended=now - 6660)
    fill(1, created=now - 780, started=now - 720, state="running", where="T4 x2", seen=now)
    fill(1, stem="long", created=now - 3600, state="failed", reason="KeyError: 'label' " * 9)
    ls_command.command()
    heading, *rows = screen.lines()
    assert heading == "JOB            STATE    AGE    TIME   WHERE      NOTE"
    assert rows[0].startswith(
        "long-1         failed   60 min        told       KeyError: 'label' K"
    )
    assert len(rows[0]) == 80
    assert rows[1].startswith("digits-train-1 running  13 min 12 min told T4 x2 seen 0.")
    assert rows[2] == "bert-train-2   complete 2 h    9 min  told"
    assert all(len(row) <= 80 for row in rows)


@at_terminal
def test_a_long_name_is_whole_and_leaves_room_for_the_others(screen: Screen) -> None:
    now = time.time()
    fill(1, stem="y" * 70, driver="gcp", created=now - 7200, state="failed", reason="x" * 99)
    fill(1, created=now - 780)
    ls_command.command()
    heading, short, name, rest = screen.lines()
    assert heading == "JOB            STATE    AGE    TIME WHERE NOTE"
    assert short.startswith("digits-train-1 complete ")
    assert name == "y" * 70 + "-1"
    assert rest.startswith(" " * 15 + "failed   ")
    assert re.search(r" gcp   x+$", rest)
    assert len(rest) == 80


@at_terminal
def test_how_many_there_are_and_what_to_say_for_more(screen: Screen) -> None:
    fill(37)
    ls_command.command()
    lines = screen.lines()
    assert len(lines) == 22
    assert lines[-1] == "20 of 37  --all  --state failed  --here"
    ls_command.command(every=True)
    lines = screen.lines()
    assert len(lines) == 38
    assert lines[-1].startswith("digits-train-1 ")


@at_terminal
def test_an_empty_list_says_what_to_do(screen: Screen) -> None:
    ls_command.command()
    assert screen.lines() == ["no jobs yet: fahr fit"]
    ls_command.command(state="failed")
    assert screen.lines() == ["no such jobs"]


@pytest.mark.parametrize(
    ("about", "note"),
    [
        ({"reason": "why\nmore"}, "why"),
        ({"fetched": "/a"}, "fetched"),
        ({"note": "mine"}, "mine"),
        ({"state": "submitted", "seen": 1.0}, "seen "),
        ({"state": "submitted"}, ""),
        ({"state": "queued", "seen": 1.0}, ""),
    ],
)
def test_the_note(about: dict[str, object], note: str) -> None:
    record = fill(1, **about).exact("digits-train-1")
    shown = ls_command._note(record)
    assert shown == note or (note.endswith(" ") and shown.startswith(note))


# -- asking the drivers -----------------------------------------------------------------


def test_refresh_asks_each_driver_and_others_do_not(
    call: Call, told: Service, tmp_path: Path
) -> None:
    send(tmp_path)
    told.calls.clear()
    assert call("ls").rows[0][1] == "submitted"
    assert told.calls == []
    assert call("ls", "--refresh").rows[0][1] == "running"
    assert told.calls == ["job_states"]


def test_a_driver_that_fails_is_told_and_the_list_is_shown(
    call: Call, told: Service, tmp_path: Path
) -> None:
    send(tmp_path)
    told.failing = {"job_states": ServiceError("no network")}
    done = call("ls", "--refresh")
    assert (done.status, done.rows[0][1]) == (0, "submitted")
    assert done.err == "warning: no network; this is what was last known\n"


def test_a_driver_that_is_slow_is_not_waited_for(
    call: Call, told: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import threading

    send(tmp_path)
    monkeypatch.setattr(ls_command, "_PATIENCE", 0.05)
    gate = threading.Event()
    told.at = lambda hook: gate.wait(30) and None
    done = call("ls", "--refresh")
    gate.set()
    assert (done.status, len(done.rows)) == (0, 1)
    assert "told has not answered within 0.05 s" in done.err


def test_a_local_job_that_vanished_is_told_without_asking(call: Call) -> None:
    ref = JobRef(driver="local", id="gone")
    fill(1, driver="local", state="running", ref=dumps(ref), ref_id="local:gone")
    assert call("ls").rows[0][1] == "failed"


class TestAtTheService:
    def test_the_newest_jobs_and_no_more_are_asked_for(self, call: Call, told: Service) -> None:
        told.jobs = 1000
        told.ends(created=1e9)
        done = call("ls", "--remote", "--train-driver=told")
        assert [row[:3] for row in done.rows[:2]] == [
            ["me/kernel-1000", "complete", "told"],
            ["me/kernel-999", "complete", "told"],
        ]
        assert len(done.rows) == 20
        assert told.listed == 980, "pages are asked for that nobody reads"
        assert "job_states" not in told.calls

    def test_all_of_them(self, call: Call, told: Service) -> None:
        told.jobs = 50
        assert len(call("ls", "--remote", "--all", "--train-driver=told").rows) == 50
        assert len(call("ls", "--remote", "-a", "--train-driver=told", "--json").document) == 50

    def test_only_those_in_a_state(self, call: Call, told: Service) -> None:
        told.jobs = 50
        told.states["me/kernel-3"] = {"state": State.FAILED, "reason": "no digits"}
        done = call("ls", "--remote", "--state=failed", "--train-driver=told")
        assert [row[0] for row in done.rows] == ["me/kernel-3"]

    def test_the_name_finds_the_job(self, call: Call, told: Service) -> None:
        told.jobs = 1
        ((name, *_),) = call("ls", "--remote", "--train-driver=told").rows
        assert call("status", name, "--train-driver=told").status == 0

    def test_what_it_does_not_go_with(self, call: Call, told: Service) -> None:
        for option in ("--here", "--refresh"):
            done = call("ls", "--remote", option, "--train-driver=told")
            assert done.status == 2
            assert done.err.startswith(f"error: {option} is about this machine's record")

    def test_a_driver_that_cannot_list(self, call: Call, told: Service) -> None:
        told.can.discard("remote-list")
        done = call("ls", "--remote", "--train-driver=told")
        assert done.status == 2
        assert "cannot list the jobs of its service" in done.err


@at_terminal
def test_a_table_of_the_services_own_jobs(screen: Screen, told: Service) -> None:
    told.jobs = 30
    ls_command.command(remote=True, train_driver="told")
    lines = screen.lines()
    assert lines[1].startswith("me/kernel-30 ")
    assert lines[-1].startswith("20 of 21  --all")
