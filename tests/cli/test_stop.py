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
def names(told: Service, tmp_path: Path) -> list[str]:
    return [send(tmp_path).name for _ in range(2)]


def test_each_job_is_asked_to_stop(call: Call, told: Service, names: list[str]) -> None:
    told.calls.clear()
    done = call("stop", *names)
    assert (done.status, done.out) == (0, "")
    assert done.err == "digits-train-1 stopping\ndigits-train-2 stopping\n"
    assert told.calls.count("stop_job") == 2


def test_full_names_only_and_all_are_known_first(
    call: Call, told: Service, names: list[str]
) -> None:
    told.calls.clear()
    for words in ([names[0], "digits-train-44"], ["digits-train"], ["digits"]):
        done = call("stop", *words)
        assert done.status == 2
        assert "no job" in done.err
    assert told.calls == []


def test_no_job_is_guessed(call: Call, told: Service, names: list[str]) -> None:
    told.calls.clear()
    done = call("stop")
    assert (done.status, done.out) == (2, "")
    assert done.err == (
        "error: stop which job?\n  fahr stop digits-train-2\n  fahr stop digits-train-1\n"
    )
    assert "stop_job" not in told.calls
    told.ends()
    for name in names:
        call("wait", name)
    assert call("stop").err == "error: stop which job? none runs\n"


def test_a_job_of_the_services_own(call: Call, told: Service, names: list[str]) -> None:
    done = call("stop", "me/kernel", names[0], "--train-driver=told")
    assert (done.status, done.err) == (0, f"me/kernel stopping\n{names[0]} stopping\n")
    assert call("stop", "digits", "--train-driver=told").err == "digits stopping\n"  # no prefix
    told.can.discard("remote-jobs")
    assert "knows only the jobs" in call("stop", "me/kernel", "--train-driver=told").err


def test_a_job_that_cannot_be_stopped(call: Call, told: Service, names: list[str]) -> None:
    told.can.discard("stop")
    done = call("stop", names[0])
    assert done.status == 2
    assert done.err == "digits-train-1 not possible: train driver told cannot stop a job\n"


def test_json(call: Call, told: Service, names: list[str]) -> None:
    told.ends(State.COMPLETE)
    call("wait", names[0])
    told.state = {"state": State.STOPPING}
    assert call("stop", *names, "--json").document == [
        {"name": "digits-train-1", "outcome": "ended", "reason": "it was complete already"},
        {"name": "digits-train-2", "outcome": "stopping", "reason": None},
    ]
