from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from fahr_core.models import State
from tests.cli.calling import call
from tests.told_driver import Service, distributions, ends_later, send, told

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.calling import Call

__all__ = ["call", "distributions", "ends_later", "told"]


@pytest.fixture
def name(told: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Give a job that is complete, from a folder beside its experiment."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    name = send(tmp_path).name
    told.ends()
    told.files = {"model.h5": b"x" * 91_400, "log.txt": b"1"}
    return name


@pytest.mark.parametrize(
    ("words", "folder"),
    [
        ([], "./digits-train-1"),
        (["digits-train-1"], "./digits-train-1"),
        (["digits-train"], "./digits-train-1"),
        (["./out"], "./out"),
        (["."], "."),
        (["there"], "./there"),
        (["new/", "digits-train"], "./new"),
        (["out", "digits-train-1"], "./out"),
        (["'out'", '"digits/train.py"'], "./out"),
        (["./", "digits/train", "s3://bucket/x"], "."),
        (["{tmp}/abs", "digits-train-1"], "{tmp}/abs"),
    ],
)
def test_a_folder_a_job_or_both(
    call: Call, name: str, tmp_path: Path, words: list[str], folder: str
) -> None:
    (tmp_path / "here" / "there").mkdir()
    done = call("fetch", *(word.format(tmp=tmp_path) for word in words))
    assert done.status == 0
    assert done.out == folder.format(tmp=tmp_path) + "\n"
    assert (tmp_path / "here" / done.out.strip() / "model.h5").stat().st_size == 91_400


def test_what_is_told(call: Call, name: str) -> None:
    done = call("fetch", name)
    job, model, log, total = done.err.splitlines()
    assert job == "digits-train-1  complete"
    assert model.split() == ["model.h5", "91", "kB"]
    assert log.split() == ["log.txt", "1", "B"]
    assert total.startswith("91 kB, 2 files, sizes checked  ")


def test_many_files_are_counted(call: Call, told: Service, name: str) -> None:
    told.files = {f"{number:02}.txt": b"1" for number in range(15)}
    lines = call("fetch", name).err.splitlines()
    assert lines[-2] == "... and 3 more"
    assert lines[-1].startswith("15 B, 15 files")
    told.files = {}
    assert "the job has left no files" in call("fetch", "out", name).err


def test_json(call: Call, name: str) -> None:
    assert call("fetch", "--json").document == {
        "name": "digits-train-1",
        "folder": "./digits-train-1",
        "files": [{"path": "model.h5", "size": 91_400}, {"path": "log.txt", "size": 1}],
    }


def test_the_old_third_word_is_not_needed(call: Call, name: str) -> None:
    done = call("fetch", "./", name, "s3://bucket/x")
    assert "note: s3://bucket/x is not needed any more" in done.err
    assert '"x" is left over' in call("fetch", "./", name, "s3://x", "x").err


@pytest.mark.parametrize("word", ["digits-train-44", "digits-trian-1"])
def test_a_word_that_is_neither(call: Call, name: str, word: str) -> None:
    done = call("fetch", word)
    assert (done.status, done.out) == (2, "")
    assert f'error: no job "{word}"; did you mean digits-train-1?' in done.err
    assert f"(a folder: ./{word})" in " ".join(done.err.split())


def test_a_running_job(call: Call, told: Service, name: str) -> None:
    told.state = {"state": State.RUNNING}
    done = call("fetch", name)
    assert (done.status, done.out) == (4, "")
    assert done.err == f"error: {name} is still running\n  fahr fetch --wait {name}\n"


def test_waiting_first(call: Call, told: Service, name: str) -> None:
    told.state = {"state": State.RUNNING}

    def at(hook: str) -> None:
        if told.calls.count("job_states") == 2:
            told.ends()

    told.at = at
    assert call("fetch", "--wait").out == "./digits-train-1\n"


def test_the_state_that_is_told_is_the_present_one(call: Call, told: Service, name: str) -> None:
    told.ends(State.FAILED)
    assert call("fetch", name).err.splitlines()[0] == "digits-train-1  failed"


def test_a_clash(call: Call, name: str, tmp_path: Path) -> None:
    (tmp_path / "here" / "model.h5").write_text("mine")
    done = call("fetch", "./", name)
    assert (done.status, done.out) == (2, "")
    assert done.err == (
        "error: model.h5 is not from fahr, fetch would replace it\n"
        "  fahr fetch ./digits-train-1 digits-train-1\n"
        "  fahr fetch . digits-train-1 --overwrite\n"
    )
    assert call("fetch", "./", name, "--overwrite").status == 0


def test_a_job_of_the_services_own(call: Call, told: Service, name: str, tmp_path: Path) -> None:
    done = call("fetch", "--train-driver=told", "./", "me/kernel")
    assert (done.status, done.out) == (0, ".\n")
    assert call("fetch", "--train-driver=told", "me/kernel").out == "./me-kernel\n"
    told.state = {"state": State.RUNNING}
    done = call("fetch", "--train-driver=told", "./", "me/kernel")
    assert done.status == 4
    assert done.err == (
        "error: me/kernel is still running\n  fahr fetch --wait me/kernel --train-driver=told\n"
    )


def test_waiting_for_a_job_of_the_services_own(
    call: Call, told: Service, name: str, ends_later: None
) -> None:
    done = call("fetch", "--wait", "--train-driver=told", "./", "me/kernel")
    assert (done.status, done.out) == (0, ".\n")
    assert "me/kernel  complete" in done.err
