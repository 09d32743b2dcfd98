from __future__ import annotations

import os
from pathlib import Path

import pytest

from fahr_core.errors import NotFinished, ServiceError, UnknownJob, UsageError
from fahr_core.ledger import Ledger
from fahr_core.models import Input, State
from fahr_core.paths import cache_folder
from fahr_core.prior_output import with_outputs_at_hand
from tests.told_driver import Listener, Service, distributions, send, told

__all__ = ["distributions", "told"]

DATA = Input(name="data", location="s3://bucket/x")


@pytest.fixture
def name(told: Service, tmp_path: Path) -> str:
    """Give the name of a job that is complete."""
    name = send(tmp_path).name
    told.ends()
    return name


def at_hand(tmp_path: Path, word: str, listener: Listener | None = None) -> Input:
    prior = Input(name="prior", location=f"job:{word}")
    experiment = tmp_path / "digits"
    found = with_outputs_at_hand(
        [DATA, prior], Ledger.at_home(), experiment, listener or Listener()
    )
    assert found[0] is DATA
    return found[1]


def outputs() -> list[str]:
    folder = cache_folder() / "outputs"
    return os.listdir(folder) if folder.exists() else []


def test_a_jobs_output_becomes_a_folder_and_is_fetched_once(
    told: Service, name: str, tmp_path: Path
) -> None:
    found = at_hand(tmp_path, name)
    assert (found.name, found.job) == ("prior", name)
    assert (Path(found.location) / "model.txt").read_bytes() == b"42"
    assert Path(found.location).stat().st_mode & 0o055
    assert at_hand(tmp_path, name) == found
    assert told.calls.count("fetch_output") == 1
    assert len(outputs()) == 1


@pytest.mark.parametrize("word", ["digits-train", "digits-tr", "digits/train.py"])
def test_the_job_is_named_as_everywhere(name: str, tmp_path: Path, word: str) -> None:
    assert at_hand(tmp_path, word).job == name


def test_a_job_that_still_runs(told: Service, name: str, tmp_path: Path) -> None:
    told.state = {"state": State.RUNNING}
    with pytest.raises(NotFinished, match=f"input prior: {name} is still running") as problem:
        at_hand(tmp_path, name)
    assert problem.value.hints == (f"fahr wait {name}", "nothing was sent")
    assert outputs() == []


def test_a_failed_job_has_partial_output_and_that_is_said(
    told: Service, name: str, tmp_path: Path
) -> None:
    told.ends(State.FAILED)
    listener = Listener()
    assert at_hand(tmp_path, name, listener).job == name
    assert listener.warned == [f"input prior: {name} failed, its output is partial"]


def test_no_such_job(name: str, tmp_path: Path) -> None:
    with pytest.raises(UnknownJob, match="no job"):
        at_hand(tmp_path, "zebra")


@pytest.mark.parametrize("error", [ServiceError("gone"), KeyboardInterrupt()])
def test_a_fetch_that_breaks_leaves_nothing(
    told: Service, name: str, tmp_path: Path, error: BaseException
) -> None:
    told.failing = {"fetch_output": error}
    with pytest.raises(type(error)):
        at_hand(tmp_path, name)
    assert outputs() == []
    told.failing = {}
    assert at_hand(tmp_path, name)


def test_two_commands_that_fetch_at_once_agree(told: Service, name: str, tmp_path: Path) -> None:
    run_id = Ledger.at_home().exact(name).run_id

    def at(hook: str) -> None:
        if hook == "fetch_output":  # another command is done just before
            (cache_folder() / "outputs" / run_id).mkdir()
            (cache_folder() / "outputs" / run_id / "theirs").touch()

    told.at = at
    found = at_hand(tmp_path, name)
    assert os.listdir(found.location) == ["theirs"]
    assert outputs() == [run_id]


def test_a_job_that_was_never_sent(name: str, tmp_path: Path) -> None:
    with Ledger.at_home().file.writing() as db:
        db.execute("UPDATE jobs SET state = 'stopped', ref = NULL")
    with pytest.raises(UsageError, match="was never sent, so it has no output"):
        at_hand(tmp_path, name)


def test_a_job_that_reads_it_gets_it(told: Service, name: str, tmp_path: Path) -> None:
    record = send(tmp_path, inputs=[f"prior=job:{name}"])
    (item,) = Ledger.at_home().job(record.name).inputs  # type: ignore[union-attr]
    assert (item.job, os.listdir(item.location)) == (name, ["model.txt"])
