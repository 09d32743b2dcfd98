"""A session is stopped by its number, wherever that can be had."""

from __future__ import annotations

import pytest
from tests.conftest import wait_until

from fahr_core.models import State
from fahr_kaggle import runtime, stopping
from jobs import ended, experiment, request_of, sent, session

WAITING = """
import time
print("first", flush=True)
time.sleep(600)
"""


@pytest.fixture
def running(tmp_path, kaggle):
    """Give a function that starts a job and waits until it runs."""

    def start():
        ref = sent(request_of(experiment(tmp_path, {"train.py": WAITING})))
        wait_until(lambda: "first" in kaggle.sessions[0].log.text)
        return ref

    return start


def test_a_job_that_says_its_number_is_stopped(running, kaggle):
    ref = running()
    assert session().stop_job(ref).outcome in ("stopping", "stopped")
    assert ended(ref).state is State.STOPPED
    (asked,) = kaggle.calls_of("CancelKernelSession")
    assert asked.document == {"kernelSessionId": kaggle.sessions[0].id}


def test_the_number_in_the_logs_address_serves_too(running, kaggle, monkeypatch):
    monkeypatch.setattr(stopping, "Lines", Deaf)
    ref = running()
    assert session().stop_job(ref).outcome in ("stopping", "stopped")
    assert ended(ref).state is State.STOPPED


def test_what_cannot_be_stopped_is_said(running, kaggle, monkeypatch):
    monkeypatch.setattr(stopping, "_session_number", lambda *about: None)
    monkeypatch.setattr(stopping, "_PATIENCE", 0.0)
    ref = running()
    (state,) = session().job_states([ref])
    result = session().stop_job(ref)
    assert result.outcome == "not-possible"
    assert "https://www.kaggle.com/code/anna/train" in result.reason
    assert kaggle.sessions[0].active, state


def test_another_accounts_number_stops_nothing(running, kaggle, monkeypatch):
    monkeypatch.setattr(stopping, "_session_number", lambda *about: 1)
    ref = running()
    result = session().stop_job(ref)
    assert result.outcome == "not-possible"
    assert kaggle.sessions[0].active


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("kaggle_session_200000001", "fahr: session 200000001\n"),
        ("kaggle_sjmb6PYPQ8qT3D-1GLtSMBWKYZF-100239486-webtier", "fahr: session 100239486\n"),
        ("kaggle_abc", ""),
        ("", ""),
    ],
)
def test_a_session_tells_its_number(name, told, monkeypatch, capsys):
    monkeypatch.setenv("KAGGLE_CONTAINER_NAME", name)
    runtime.tell_session()
    assert capsys.readouterr().err == told


class Deaf:
    """Lines in which nothing is found."""

    number, session = 0, None

    def feed(self, event):
        """Take a piece and give nothing; one is enough."""
        self.number = stopping._MOST_LINES + 1
        return iter(())
