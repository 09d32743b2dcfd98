"""What ended and was fetched by nobody comes home by itself, and is not lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from fahr_docker.train_driver import homecoming
from fahr_docker.train_driver.connection import connect
from made_jobs import Told

if TYPE_CHECKING:
    from command_line import Fahr


@pytest.fixture
def at_home(fahr: Fahr, monkeypatch: pytest.MonkeyPatch) -> Fahr:
    """Let this process have the record of jobs that the commands have."""
    monkeypatch.setenv("FAHR_HOME", str(fahr.home))
    return fahr


def sweep(after: float = 0.0) -> int:
    return homecoming.sweep(connect({}), Told(), after)


def test_what_nobody_fetched_comes_home(at_home: Fahr) -> None:
    fahr = at_home
    assert fahr.fit("fail", "--follow").status == 1
    log = fahr("logs", "-t")
    assert sweep(after=3600.0) == 0
    assert len(fahr.containers()) == 1
    assert sweep() == 1
    assert fahr.containers() == []
    assert fahr("logs", "-t") == log
    job = fahr.job("docker-story-train-1")
    assert (job["state"], "ValueError" in job["reason"]) == ("failed", True)
    assert fahr("fetch", "./out").status == 0
    assert (fahr.folder / "out" / "half.txt").read_text() == "half"


def test_what_is_large_or_runs_stays(at_home: Fahr, monkeypatch: pytest.MonkeyPatch) -> None:
    fahr = at_home
    assert fahr.fit("write", "--follow").status == 0
    name = fahr.sent("wait")
    monkeypatch.setattr(homecoming, "_SMALL", 1)
    assert sweep() == 0
    assert len(fahr.containers()) == 2
    fahr("stop", name)


def test_what_was_never_started_goes(at_home: Fahr) -> None:
    fahr = at_home
    labels = {"fahr.home": fahr.mark, "fahr.run": "abcdefghij234567"}
    api = fahr.engine.client.api
    api.create_container("python:3.11-slim-bookworm", "true", labels=labels)
    assert len(fahr.containers()) == 1
    assert sweep(after=3600.0) == 0
    assert len(fahr.containers()) == 1
    sweep()
    assert fahr.containers() == []


def test_another_ones_jobs_are_left_alone(
    fahr: Fahr, tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert fahr.fit("write", "--follow").status == 0
    monkeypatch.setenv("FAHR_HOME", str(fahr.home) + "-another")
    assert sweep() == 0
    assert len(fahr.containers()) == 1
