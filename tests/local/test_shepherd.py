from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from fahr_core.local import shepherd
from fahr_core.local.folder import JobFolder, write_whole
from fahr_core.local.shepherd import Runtime

if TYPE_CHECKING:
    from pathlib import Path

#: A launcher that says what it was given, and gives an outcome.
LAUNCHER = """
import json, os, sys
from collections import namedtuple
Outcome = namedtuple("Outcome", "state ended exit_code reason collected")
def run(document, runtime):
    there = sorted(os.listdir("."))
    modules = [name for name in sys.modules if name.startswith("fahr_core")]
    state = json.load(open("state.json"))["state"]
    said = {"document": document, "places": runtime.places(), "there": there,
            "secrets": runtime.secrets(document["secrets"]), "modules": modules, "state": state,
            "site": "site" in sys.modules, "lock": locked()}
    with open("said", "w") as file:
        json.dump(said, file)
    if document.get("dies"):
        raise SystemExit("gone")
    return Outcome("failed", 7.0, 3, "three", document.get("collects", True))
def locked():
    import fcntl
    with open("lock") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
    return False
"""


@pytest.fixture
def folder(tmp_path: Path) -> JobFolder:
    folder = JobFolder(tmp_path / "job")
    folder.work.mkdir(parents=True)
    return folder


@pytest.fixture
def launcher(tmp_path: Path) -> Path:
    (tmp_path / "launcher").mkdir()
    (tmp_path / "launcher" / "run.py").write_text(LAUNCHER)
    return tmp_path / "launcher"


def prepare(folder: JobFolder, **more: Any) -> None:
    document = {"interpreters": {"python": "/py"}, "secrets": ["A"], **more}
    write_whole(folder.description, json.dumps(document))
    write_whole(folder.environment, "{}", mode=0o600)
    write_whole(folder.secrets, json.dumps({"A": "1", "B": "2"}), mode=0o600)


def shepherd_of(folder: JobFolder, token: str, launcher: Path) -> subprocess.CompletedProcess[str]:
    """Run the shepherd as :mod:`fahr_core.local.jobs` does, to its end."""
    command = [sys.executable, "-I", "-S", shepherd.__file__, str(folder.path), token]
    return subprocess.run(
        [*command, str(launcher), "this-boot"],
        cwd=folder.path,
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_claims_the_job_runs_the_launcher_and_writes_the_state(
    folder: JobFolder, launcher: Path
) -> None:
    prepare(folder)
    folder.announce("a")
    done = shepherd_of(folder, "a", launcher)
    assert (done.returncode, done.stderr) == (0, "")
    said = json.loads((folder.path / "said").read_text())
    assert said["document"]["interpreters"] == {"python": "/py"}
    assert "environment.json" not in said["there"]
    assert "claim" in said["there"]
    assert said["secrets"] == {"A": "1"}
    assert (said["state"], said["lock"]) == ("running", True)
    assert (said["modules"], said["site"]) == ([], False)  # nothing of fahr, nothing installed
    state = folder.read_state()
    assert state["started"]
    assert state["boot"] == "this-boot"
    told = {key: state[key] for key in ("state", "ended", "exit_code", "reason")}
    assert told == {"state": "failed", "ended": 7.0, "exit_code": 3, "reason": "three"}
    assert not folder.work.exists()
    assert not folder.secrets.exists()


@pytest.mark.parametrize("token", ["b", "../claim"])
def test_a_job_that_was_not_announced_to_it_is_left(
    folder: JobFolder, launcher: Path, token: str
) -> None:
    prepare(folder)
    folder.announce("a")
    assert shepherd_of(folder, token, launcher).returncode == 0
    assert folder.announced
    assert not folder.claim.exists()
    assert not (folder.path / "said").exists()
    assert folder.environment.exists()


def test_of_two_shepherds_the_second_goes(folder: JobFolder, launcher: Path) -> None:
    prepare(folder)
    folder.announce("a")
    lock = folder.hold_lock()
    assert lock is not None
    assert shepherd_of(folder, "a", launcher).returncode == 0
    assert not folder.claim.exists()
    os.close(lock)


def test_what_could_not_be_collected_stays(folder: JobFolder, launcher: Path) -> None:
    prepare(folder, collects=False)
    folder.announce("a")
    shepherd_of(folder, "a", launcher)
    assert folder.read_state()["state"] == "failed"
    assert folder.work.exists()


def test_a_launcher_that_ends_the_shepherd_leaves_no_final_state(
    folder: JobFolder, launcher: Path
) -> None:
    prepare(folder, dies=True)
    folder.announce("a")
    done = shepherd_of(folder, "a", launcher)
    assert "gone" in done.stderr
    state = folder.read_state()
    assert state["state"] == "running"
    assert "ended" not in state  # so that whoever looks finds it vanished
    lock = folder.hold_lock()
    assert lock is not None
    os.close(lock)


class TestRuntime:
    def test_places(self, folder: JobFolder) -> None:
        places = Runtime(folder, {"python": "/py", "papermill_python": "/pm"}).places()
        assert places["code"] == places["work"] == str(folder.work)
        assert (places["python"], places["papermill_python"]) == ("/py", "/pm")
        for name in ("output", "inputs", "checkpoints"):
            assert places[name] == str(folder.path / name)

    def test_it_is_one_machine(self, folder: JobFolder) -> None:
        assert Runtime(folder, {}).nodes() == {"rank": 0, "count": 1}

    def test_checkpoints_lie_beside_the_output(self, folder: JobFolder, tmp_path: Path) -> None:
        runtime = Runtime(folder, {})
        output = tmp_path / "out"
        (output / "checkpoints").mkdir(parents=True)
        (output / "checkpoints" / "old").touch()
        runtime.deliver(str(output))  # there are none yet
        (folder.checkpoints / "deep").mkdir(parents=True)
        (folder.checkpoints / "deep" / "step-7").write_text("7")
        runtime.deliver(str(output))
        found = [path.name for path in output.rglob("*") if path.is_file()]
        assert sorted(found) == ["old", "step-7"]

    def test_no_empty_folder_of_checkpoints_is_delivered(
        self, folder: JobFolder, tmp_path: Path
    ) -> None:
        folder.checkpoints.mkdir()
        Runtime(folder, {}).deliver(str(tmp_path))
        assert not (tmp_path / "checkpoints").exists()
