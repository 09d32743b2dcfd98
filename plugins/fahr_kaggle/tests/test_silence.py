"""A server that takes every connection and answers none: each command ends, and nothing is lost."""

from __future__ import annotations

import re
import threading

import pytest
from tests.cli.calling import Call, call
from tests.conftest import wait_until

from calls import FIT, UPLOADS
from fahr_kaggle import connection, logs
from jobs import experiment

__all__ = ["call"]

DRIVER = "--train-driver=kaggle"
WRITING = "open('model.bin', 'wb').write(b'7' * 4000)\nprint('end')\n"
WAITING = "import time; print('first', flush=True); time.sleep(600)\n"
#: Each command, and the status that it ends with.
COMMANDS = {
    f"fit train.py {DRIVER}": 3,
    f"fit train.py {DRIVER} --follow": 3,
    "status": 0,  # what was last known, with a warning
    "status --json": 0,
    f"ls --remote {DRIVER}": 3,
    f"status anna/train {DRIVER}": 3,
    "logs": 3,
    "logs --follow": 3,
    f"logs anna/train {DRIVER}": 3,
    "fetch ./output/": 3,
    f"fetch ./output/ anna/train {DRIVER}": 3,
    "stop digits-train-1": 3,
}
#: Silence is over after so many calls; no command comes near.
FOR_EVER = 10**6
#: More calls than any command makes before it gives up.
MANY = 12


@pytest.fixture
def silence(kaggle, monkeypatch):
    """Give a function that silences calls, and is not patient with them any more."""

    def silenced(name="*", after=0):
        monkeypatch.setattr(connection, "READ_SECONDS", 1.0)
        monkeypatch.setattr(connection, "PATIENCE", 2.0)
        monkeypatch.setattr(connection, "FIRST_PAUSE", 0.05)
        monkeypatch.setattr(logs, "_LONG_QUIET", 1.0)
        kaggle.calls.clear()
        kaggle.faults.add(name, "silent", times=FOR_EVER, after=after)

    return silenced


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Give an experiment to stand in."""
    place = experiment(tmp_path, {"train.py": WRITING})
    monkeypatch.chdir(place)
    return place


@pytest.fixture
def job(kaggle, place, call: Call):
    """Give the name of a job that has been sent, and of which nothing was asked since."""
    name = call("fit", "train.py", DRIVER).out.strip()
    kaggle.wait("anna/train")
    return name


def complaints(done):
    """Give the lines that tell what is wrong."""
    return [line for line in done.err.splitlines() if line.startswith(("error:", "warning:"))]


def assert_told(done, status):
    """Expect one complaint that names the silence, and the status."""
    assert done.status == status, done
    assert len(complaints(done)) == 1, done.err
    assert "Kaggle does not answer: could not" in complaints(done)[0]


def assert_whole(call: Call, kaggle, name):
    """Expect the job and its output as if there had been no silence."""
    kaggle.faults.clear()
    assert call("wait", name).status == 0
    assert call("fetch", "./whole/", name).status == 0
    assert call("show", name).status == 0
    assert len(kaggle.sessions) == 1


@pytest.mark.parametrize("line", COMMANDS)
def test_each_command_ends_and_says_why(kaggle, place, job, silence, call, line):
    silence()
    assert_told(call(*line.split()), COMMANDS[line])
    assert len(kaggle.calls) < MANY
    assert not (place / "output").exists()
    assert_whole(call, kaggle, job)
    assert (place / "whole" / "model.bin").stat().st_size == 4000


def test_a_list_is_given_all_the_same(kaggle, place, job, silence, call):
    silence()
    before = threading.enumerate()
    done = call("ls", "--refresh")
    assert (done.status, len(complaints(done))) == (0, 1)
    assert re.search("kaggle (does not|has not) answer", complaints(done)[0], re.IGNORECASE)
    assert done.rows[0][:2] == [job, "submitted"]
    for thread in set(threading.enumerate()) - set(before):
        thread.join()  # a question that is left behind, since a list does not wait for it
    assert_whole(call, kaggle, job)


def test_doctor_names_what_is_to_be_done(kaggle, place, silence, call):
    silence()
    done = call("doctor", DRIVER)
    assert done.status == 2
    (told,) = [line for line in done.out.splitlines() if line.startswith("FIX")]
    assert told.startswith("FIX   kaggle: service: Kaggle does not answer")
    assert "the same command may work in a minute" in done.out


def test_waiting_ends_at_its_own_limit(kaggle, place, job, silence, call):
    silence()
    assert call("wait", "--timeout", "1s").status == 4
    assert_whole(call, kaggle, job)


@pytest.mark.parametrize("line", ["logs -f", f"fit train.py {DRIVER} --follow"])
def test_a_follower_that_has_seen_something_ends_too(kaggle, place, silence, call, line):
    (place / "train.py").write_text(WAITING)
    before = ["GetKernel", "GetKernel", "SaveKernel"]  # the check, the look before the push
    if line.startswith("logs"):
        assert call("fit", "train.py", DRIVER).status == 0
        wait_until(lambda: "first" in kaggle.sessions[0].log.text, 60)
        before = []
    silence("GetKernelSessionStatus", after=1)
    done = call(*line.split())
    assert_told(done, 3)
    assert done.out.splitlines() in (["first"], ["digits-train-1", "first"], [])
    assert "digits-train-1 is not stopped by this: fahr logs -f digits-train-1" in done.err
    assert [one.name for one in kaggle.calls][: len(before)] == before
    assert kaggle.sessions[0].active


@pytest.mark.parametrize("call_name", FIT[:1] + UPLOADS)
def test_nothing_is_sent_where_what_comes_before_is_silent(
    kaggle, place, silence, call, tmp_path, call_name
):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "one.txt").write_text("1")
    silence(call_name)
    done = call("fit", "train.py", DRIVER, "--input", f"data={tmp_path / 'data'}")
    assert_told(done, 3)
    assert (kaggle.sessions, call("ls").out) == ([], "")
    kaggle.faults.clear()
    name = call("fit", "train.py", DRIVER, "--input", f"data={tmp_path / 'data'}").out.strip()
    assert_whole(call, kaggle, name)


def test_a_push_that_is_not_answered_is_not_made_again(kaggle, place, silence, call, monkeypatch):
    silence("SaveKernel")
    assert_told(call("fit", "train.py", DRIVER), 3)
    assert len(kaggle.calls_of("SaveKernel")) == 1
    assert kaggle.sessions == []


@pytest.mark.parametrize("call_name", ["ListKernelSessionOutput", "Download"])
def test_an_output_that_stops_coming_is_fetched_later(kaggle, place, job, silence, call, call_name):
    assert call("wait", job).status == 0
    silence(call_name)
    assert_told(call("fetch", "./output/"), 3)
    assert not (place / "output").exists()
    assert_whole(call, kaggle, job)
    assert (place / "whole" / "model.bin").read_bytes() == b"7" * 4000
