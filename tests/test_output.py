from __future__ import annotations

import io
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from fahr_core.errors import DiskError, NotFinished, OverwriteError, ServiceError, UsageError
from fahr_core.ledger import Ledger
from fahr_core.leftovers import unfinished
from fahr_core.models import FetchOptions, State
from fahr_core.output import Fetched, fetch
from fahr_core.ranged import save
from fahr_core.reporter import Quiet
from tests.told_driver import Service, distributions, send, told

__all__ = ["distributions", "told"]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Go to an empty folder."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def name(told: Service, here: Path) -> str:
    """Give the name of a job that is complete and has left two files."""
    record = send(here.parent)
    told.ends()
    told.files = {"model.txt": b"42", "plots/loss.png": b"1"}
    return record.name


def fetched(name: str, destination: str | Path | None = None, **about: Any) -> Fetched:
    ledger = Ledger.at_home()
    options = FetchOptions(**{k: about.pop(k) for k in ("include", "overwrite") if k in about})
    place = None if destination is None else Path(destination)
    record = ledger.exact(name)
    return fetch(ledger, record, Quiet(), destination=place, options=options, **about)


def found(folder: Path) -> dict[str, bytes]:
    paths = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def test_a_new_folder_is_named_as_the_job(name: str, here: Path) -> None:
    result = fetched(name)
    assert (result.job, result.folder, result.size) == (name, Path(name), 3)
    assert found(here) == {f"{name}/model.txt": b"42", f"{name}/plots/loss.png": b"1"}
    assert Ledger.at_home().exact(name).fetched == str(here / name)
    assert not [path for path in here.iterdir() if path.name.startswith(".fahr")]
    assert stat.S_IMODE((here / name).stat().st_mode) & 0o055  # not the temporary one's


@pytest.mark.parametrize("place", [".", "out", "a/b/c", "there"])
def test_a_folder_that_is_named_is_made(name: str, here: Path, place: str) -> None:
    (here / "there").mkdir()
    (here / "there" / "mine").write_text("mine")
    assert fetched(name, place).folder == Path(place)
    assert (here / place / "model.txt").read_bytes() == b"42"
    assert (here / "there" / "mine").read_text() == "mine"


def test_what_an_earlier_fetch_wrote_is_replaced(told: Service, name: str, here: Path) -> None:
    fetched(name, ".")
    told.files = {"model.txt": b"43", "new.txt": b"n"}
    fetched(name, here)  # the same folder by another name
    assert found(here) == {"model.txt": b"43", "new.txt": b"n", "plots/loss.png": b"1"}


def test_another_job_may_replace_it_too(told: Service, name: str, here: Path) -> None:
    fetched(name, ".")
    told.files = {"model.txt": b"43"}
    fetched(send(here.parent).name, ".")
    assert found(here)["model.txt"] == b"43"


@pytest.mark.parametrize("edited", ["model.txt", "plots/loss.png", "plots"])
def test_what_is_not_from_fahr_stops_all_of_it(
    told: Service, name: str, here: Path, edited: str
) -> None:
    if edited == "plots":
        (here / "plots").write_text("mine")
    else:
        fetched(name, ".")
        (here / edited).write_text("mine!")
    told.files = {"first.txt": b"1", **told.files}
    before = found(here)
    with pytest.raises(OverwriteError, match=f"{edited} is not from fahr, fetch would") as problem:
        fetched(name, ".")
    assert problem.value.hints == (
        f"fahr fetch ./{name} {name}",
        f"fahr fetch . {name} --overwrite",
    )
    assert found(here) == before


def test_several_clashes_are_counted(told: Service, name: str, here: Path) -> None:
    told.files = {"a": b"1", "b": b"2", "c": b"3"}
    for file in told.files:
        (here / file).write_text("mine")
    with pytest.raises(OverwriteError, match=r"a is not from fahr, .* and 2 more"):
        fetched(name, ".")


def test_overwriting_when_it_is_asked_for(name: str, here: Path) -> None:
    (here / "model.txt").write_text("mine")
    fetched(name, ".", overwrite=True)
    assert found(here)["model.txt"] == b"42"
    fetched(name, ".")  # from then on it is fahr's
    noted = Ledger.at_home().fetched_files(str(here))
    assert {path for path, file in noted.items() if file.replaced} == {"model.txt"}


def test_a_file_in_the_place_of_the_folder(name: str, here: Path) -> None:
    (here / "out").write_text("mine")
    for overwrite in (False, True):
        with pytest.raises(OverwriteError, match="out is a file"):
            fetched(name, "out", overwrite=overwrite)
    assert found(here) == {"out": b"mine"}


@pytest.mark.parametrize("error", [ServiceError("gone"), KeyboardInterrupt()])
def test_an_error_leaves_nothing(
    told: Service, name: str, here: Path, error: BaseException
) -> None:
    (here / "mine").write_text("mine")
    told.failing = {"fetch_output": error}
    for place in (None, "."):
        with pytest.raises(type(error)):
            fetched(name, place)
    assert os.listdir(here) == ["mine"]
    assert Ledger.at_home().exact(name).fetched is None


@pytest.mark.parametrize("claimed", [{"model.txt": 3}, {"model.txt": 1}, {"other.txt": 0}])
def test_a_file_that_came_incomplete_is_not_put_in_place(
    told: Service, name: str, here: Path, claimed: dict[str, int]
) -> None:
    told.claimed = claimed
    with pytest.raises(ServiceError, match=f"{next(iter(claimed))} came incomplete"):
        fetched(name)
    assert os.listdir(here) == []


@pytest.mark.parametrize("place", [None, "there"])
def test_what_a_killed_fetch_has_left_goes_with_the_next(
    name: str, here: Path, place: str | None
) -> None:
    into = here / place if place else here
    into.mkdir(exist_ok=True)
    print_name = "from fahr_core.leftovers import unfinished; print(unfinished(), end='')"
    dead = subprocess.check_output([sys.executable, "-c", print_name], text=True)
    for owner in (dead, unfinished()):  # a process that has ended, and one that lives: this
        left = into / f".fahr-fetch{owner}abcd1234"
        left.mkdir()
        (left / "model.txt").write_bytes(b"4")
        os.utime(left, (1e9, 1e9))
    fetched(name, place)
    assert [path.name for path in into.glob(".fahr*")] == [left.name]


def test_a_download_that_is_left_behind_leaves_nothing(
    name: str, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = []

    def interrupted(record: object, temporary: Path, *_: object) -> None:
        places.append(temporary)
        raise KeyboardInterrupt

    monkeypatch.setattr("fahr_core.output._fetched", interrupted)
    with pytest.raises(KeyboardInterrupt):
        fetched(name)
    with pytest.raises(DiskError):
        save(io.BytesIO(b"late"), places[0] / "model.txt")
    assert os.listdir(here) == []


def test_a_folder_that_cannot_be_written(name: str, here: Path) -> None:
    (here / "file").write_text("")
    with pytest.raises(DiskError, match="cannot write to file"):
        fetched(name, "file/below")


def test_a_job_that_left_nothing(told: Service, name: str, here: Path) -> None:
    told.files = {}
    result = fetched(name)
    assert (list(result.files), result.size) == ([], 0)
    assert result.folder.is_dir()


def test_a_running_job_is_said_to_run(told: Service, name: str, here: Path) -> None:
    told.state = {"state": State.RUNNING}
    with pytest.raises(NotFinished, match=f"{name} is still running") as problem:
        fetched(name)
    assert problem.value.exit_status == 4
    assert problem.value.hints == (f"fahr fetch --wait {name}",)
    assert os.listdir(here) == []
    assert "fetch_output" not in told.calls


def test_waiting_for_the_end(told: Service, name: str, here: Path) -> None:
    told.state = {"state": State.RUNNING}

    def at(hook: str) -> None:
        if told.calls.count("job_states") == 3:
            told.ends()

    told.at = at
    assert len(fetched(name, wait=True).files) == 2
    assert told.calls.count("job_states") >= 3


def test_a_failed_job_has_output_too(told: Service, name: str, here: Path) -> None:
    told.ends(State.FAILED, reason="KeyError: 'label'")
    assert len(fetched(name).files) == 2
    assert Ledger.at_home().exact(name).state is State.FAILED


def test_a_job_that_was_never_sent_has_none(told: Service, name: str, here: Path) -> None:
    ledger = Ledger.at_home()
    with ledger.file.writing() as db:
        db.execute("UPDATE jobs SET state = 'stopped', ref = NULL")
    assert fetched(name).files == []
    assert "fetch_output" not in told.calls


def test_patterns_that_mean_no_file_leave_nothing(told: Service, name: str, here: Path) -> None:
    told.files = {}
    with pytest.raises(UsageError, match=r'no file of the job is like "\*.pt"') as problem:
        fetched(name, include=("*.pt",))
    assert problem.value.hints == ("nothing was fetched",)
    assert os.listdir(here) == []
