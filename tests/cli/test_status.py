from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from fahr_core.errors import ServiceError
from fahr_core.models import LogLine, State
from tests.cli.calling import call
from tests.told_driver import Service, distributions, send, told

if TYPE_CHECKING:
    from pathlib import Path

    from fahr_core.ledger.record import Record
    from tests.cli.calling import Call

__all__ = ["call", "distributions", "told"]


@pytest.fixture
def job(told: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Record:
    monkeypatch.chdir(tmp_path)
    return send(tmp_path)


def test_a_running_job(call: Call, told: Service, job: Record) -> None:
    now = time.time()
    told.state = {
        "state": State.RUNNING, "started": now - 720, "where": "T4 x2",
        "detail": "queued 20 s; session ends after 9 h", "link": "https://example.org/7",
    }  # fmt: skip
    told.lines = [LogLine(text="epoch 7/20 loss 0.41 " + "x" * 90, time=now), LogLine(text="  ")]
    done = call("status", job.name)
    assert (done.status, done.err) == (0, "")
    first, detail, last, link = done.out.splitlines()
    assert first == "digits-train-1  running 12 min  told, T4 x2"
    assert detail == "queued 20 s; session ends after 9 h"
    assert last.startswith("epoch 7/20 loss 0.41 xxx")
    assert last.endswith(" s ago")
    assert len(last) <= 80
    assert link == "https://example.org/7"


def test_a_failed_job_says_why_and_what_to_do(call: Call, told: Service, job: Record) -> None:
    told.ends(State.FAILED, reason="KeyError: 'label'  train.py:31", cost=0.034, link=None)
    done = call("status")
    assert done.status == 0  # the question was answered
    assert done.err == "job digits-train-1\n"
    assert done.out.splitlines() == [
        "digits-train-1  failed after 60 s  told, $0.03",
        "KeyError: 'label'  train.py:31",
        "https://example.org/digits-train-1",
        "log     fahr logs digits-train-1 --tail 50",
        "output  partial: fahr fetch digits-train-1",
    ]


@pytest.mark.parametrize("state", [State.COMPLETE, State.STOPPED])
def test_a_job_that_ended(call: Call, told: Service, job: Record, state: State) -> None:
    told.ends(state)
    last = call("status", job.name).out.splitlines()[-1]
    assert last == "output  fahr fetch digits-train-1"


def test_json(call: Call, told: Service, job: Record) -> None:
    document = call("status", job.name, "--json").document
    assert (document["name"], document["state"]) == (job.name, "running")
    assert document["started"].endswith("+00:00")


def test_a_service_that_cannot_be_asked(call: Call, told: Service, job: Record) -> None:
    told.failing = {"job_states": ServiceError("no network")}
    done = call("status", job.name)
    assert done.status == 0
    assert done.out.startswith("digits-train-1  submitted  told\n")
    assert done.err == "warning: no network; this is what was last known\n"


def test_a_log_that_cannot_be_read_is_no_matter(call: Call, told: Service, job: Record) -> None:
    told.failing = {"stream_logs": ServiceError("no network")}
    assert call("status", job.name).out.splitlines()[0].startswith("digits-train-1  running")
    told.failing = {}
    told.can.discard("live-logs")
    assert "two" not in call("status", job.name).out


def test_an_ended_job_is_not_asked_for(call: Call, told: Service, job: Record) -> None:
    told.ends()
    call("status", job.name)
    told.calls.clear()
    assert "complete 60 s" in call("status", job.name).out
    assert told.calls == []


def test_a_job_of_the_services_own(call: Call, told: Service, job: Record) -> None:
    told.ends()
    done = call("status", "me/kernel", "--train-driver=told")
    assert done.out.splitlines()[0] == "me/kernel  complete 60 s  told"
    assert call("status", "me/kernel").status == 2
