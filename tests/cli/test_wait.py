from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from fahr_core.models import State
from tests.cli.calling import call
from tests.told_driver import Service, distributions, send, told

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.calling import Call

__all__ = ["call", "distributions", "told"]


@pytest.fixture
def name(told: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    return send(tmp_path).name


@pytest.mark.parametrize(("state", "status"), [("complete", 0), ("failed", 1), ("stopped", 1)])
def test_the_status_is_the_jobs(
    call: Call, told: Service, name: str, state: str, status: int
) -> None:
    told.ends(State(state), reason="why")
    done = call("wait", name)
    assert (done.status, done.out) == (status, "")
    assert done.err.startswith(f"{name} {state}")
    done = call("wait", "--json")
    assert (done.status, done.document["state"]) == (status, state)


def test_a_job_that_goes_on(call: Call, told: Service, name: str) -> None:
    done = call("wait", name, "--timeout", "0.02")
    assert (done.status, done.out) == (4, "")
    assert done.err.startswith(f"error: {name} is still running\n  fahr wait {name}\n")
    assert "stop_job" not in told.calls


def test_a_job_of_the_services_own(call: Call, told: Service, name: str) -> None:
    words = ["wait", "me/kernel", "--train-driver=told"]
    done = call(*words, "--timeout", "0.02")
    assert done.status == 4
    assert done.err.startswith(
        "error: me/kernel is still running\n  fahr wait me/kernel --train-driver=told\n"
    )
    told.ends(State.FAILED, reason="KeyError: 'label'")
    done = call(*words)
    assert (done.status, "KeyError: 'label'" in done.err) == (1, True)


def test_a_wrong_timeout_is_told_before_waiting(call: Call, told: Service, name: str) -> None:
    told.calls.clear()
    assert call("wait", name, "--timeout", "soon").status == 2
    assert told.calls == []


@pytest.mark.parametrize("interrupted", [False, True])
def test_stopping_a_job_that_nobody_waits_for_any_more(
    call: Call, told: Service, name: str, interrupted: bool
) -> None:
    def at(hook: str) -> None:
        if hook == "job_states" and interrupted and "stop_job" not in told.calls:
            raise KeyboardInterrupt

    told.at = at
    done = call("wait", name, "--timeout", "0.02", "--stop-on-exit")
    assert done.status == (130 if interrupted else 4)
    assert "stop_job" in told.calls
    assert f"{name} is asked to stop (--stop-on-exit)" in done.err


def test_a_job_that_ended_is_not_stopped(call: Call, told: Service, name: str) -> None:
    told.ends()
    assert call("wait", name, "--stop-on-exit").status == 0
    assert "stop_job" not in told.calls


def test_no_such_job(call: Call, name: str) -> None:
    assert call("wait", "zebra").status == 2
