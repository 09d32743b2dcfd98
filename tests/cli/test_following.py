from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from fahr_core import jobs
from fahr_core.cli.following import exit_status, follow_job
from fahr_core.errors import AccessError
from fahr_core.ledger import Ledger
from fahr_core.models import LogLine, State
from tests.cli.records import record
from tests.told_driver import Service, distributions, send, told

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["distributions", "told"]


@pytest.fixture
def name(told: Service, tmp_path: Path) -> str:
    return send(tmp_path).name


def follow(name: str, **how: Any) -> int:
    ledger = Ledger.at_home()
    return follow_job(ledger, ledger.exact(name), **how)


def test_lines_and_then_how_it_ended(
    told: Service, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    told.ends(State.FAILED, reason="KeyError")
    assert follow(name) == 1
    out, err = capsys.readouterr()
    assert out == "one\ntwo\n"
    assert err == f"{name} failed after 60 s: KeyError\n"


def test_the_services_own_word_stands_before_the_end(
    told: Service, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    told.ends(detail="billed 60 s")
    assert follow(name) == 0
    end = f"{name} complete, 60 s; fahr fetch {name}"
    assert capsys.readouterr().err.splitlines() == ["billed 60 s", end]


def test_lines_shown_in_another_way(told: Service, name: str) -> None:
    told.ends()
    shown: list[LogLine] = []
    assert follow(name, show=shown.append, tail=1) == 0
    assert [line.text for line in shown] == ["two"]


def interrupted() -> Iterator[LogLine]:
    yield LogLine(text="one")
    raise KeyboardInterrupt


@pytest.mark.parametrize("can_stop", [True, False])
def test_interrupting_says_that_the_job_goes_on(
    told: Service, name: str, capsys: pytest.CaptureFixture[str], can_stop: bool
) -> None:
    told.lines = type("Lines", (), {"__getitem__": lambda self, part: interrupted()})()
    if not can_stop:
        told.can.discard("stop")
    with pytest.raises(KeyboardInterrupt):
        follow(name)
    out, err = capsys.readouterr()
    assert out == "one\n"
    lines = [f"{name} goes on: fahr logs -f {name}"]
    if can_stop:
        lines.append(f"{' ' * len(name)} stop it: fahr stop {name}")
    assert err.splitlines() == lines
    assert "stop_job" not in told.calls


@pytest.mark.parametrize(
    ("last", "told_so"),
    [(State.RUNNING, "digits-train-1 is not stopped by this: fahr logs -f"), (State.COMPLETE, "")],
)
def test_a_service_that_cannot_be_asked_any_more_has_not_stopped_the_job(
    told: Service, name: str, capsys: pytest.CaptureFixture[str], last: State, told_so: str
) -> None:
    told.ends(last) if last.final else None
    ledger = Ledger.at_home()
    jobs.refresh(ledger, [ledger.exact(name)])
    told.failing["stream_logs"] = AccessError("the login has expired")
    with pytest.raises(AccessError):
        follow(name)
    err = capsys.readouterr().err
    assert err.startswith(told_so) if told_so else err == ""


def test_the_exit_status() -> None:
    assert [exit_status(record(state=state)) for state in (State.COMPLETE, State.FAILED)] == [0, 1]
    assert exit_status(record(state=State.STOPPED)) == 1
