"""What the launcher's tests share: a driver's runtime over temporary folders, real jobs."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

import fahr_core.launcher

LAUNCHER = Path(fahr_core.launcher.__file__).parent

RUNTIME = """
import json, pathlib

HERE = pathlib.Path({here!r})

def places():
    return json.loads((HERE / "places.json").read_text())

def nodes():
    return json.loads((HERE / "nodes.json").read_text())

def secrets(names):
    return {{name: "value-of-" + name for name in names}}

def report_failure(reason):
    (HERE / "reason").write_text(reason, encoding="utf-8")

def deliver(output):
    with (HERE / "delivered").open("a") as file:
        file.write(output + "\\n")
"""


class Place:
    """A service in a temporary folder, with one job to run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.code = folder / "code"
        self.work = folder / "work"
        self.output = folder / "output"
        self.code.mkdir()
        self.places: dict[str, Any] = {
            "code": str(self.code),
            "work": str(self.work),
            "output": str(self.output),
            "inputs": str(folder / "inputs"),
            "checkpoints": str(folder / "checkpoints"),
            "python": sys.executable,
        }
        self.nodes: dict[str, Any] = {"rank": 0, "count": 1}
        self.job: dict[str, Any] = {"schema": 1, "name": "digits-train-1", "driver": "local"}
        self.command: list[str] = [sys.executable, str(LAUNCHER)]
        self.environ: dict[str, str] = {}
        self.runtime = RUNTIME

    def script(self, source: str, name: str = "train.py") -> "Place":
        """Put the training script in, and name it as the job's artifact unless there is one."""
        path = self.code / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(source), encoding="utf-8")
        self.job.setdefault("artifact", name)
        return self

    def notebook(self, *cells: str | dict[str, Any], name: str = "train.ipynb") -> "Place":
        """Put a notebook in; a cell is its source, or a cell as the format has it."""
        whole = [cell if isinstance(cell, dict) else code_cell(cell) for cell in cells]
        content = {"cells": whole, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
        (self.code / name).write_text(json.dumps(content), encoding="utf-8")
        self.job.update(artifact=name, kind="notebook")
        return self

    def start(self, **job: Any) -> "subprocess.Popen[bytes]":
        """Start the launcher on the job, as a service would."""
        self.job.update(job)
        for name, content in (("places", self.places), ("nodes", self.nodes), ("job", self.job)):
            (self.folder / f"{name}.json").write_text(json.dumps(content))
        (self.folder / "runtime.py").write_text(self.runtime.format(here=str(self.folder)))
        environ = {
            **os.environ,
            "FAHR_JOB_FILE": str(self.folder / "job.json"),
            "FAHR_RUNTIME": str(self.folder / "runtime.py"),
            **self.environ,
        }
        return subprocess.Popen(
            self.command,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def run(self, **job: Any) -> "Result":
        """Run the job to its end."""
        return self.finish(self.start(**job))

    def finish(self, process: "subprocess.Popen[bytes]", patience: float = 60) -> "Result":
        """Wait for the launcher's end."""
        out, err = process.communicate(timeout=patience)
        return Result(self, process.returncode, out, err)

    def stop_when(self, file: Path, **job: Any) -> "Result":
        """Run the job, send SIGTERM once `file` is there, wait for the end."""
        process = self.start(**job)
        wait_for(file.exists)
        process.send_signal(signal.SIGTERM)
        return self.finish(process)


class Result:
    """What was left of a job."""

    def __init__(self, place: Place, code: int, out: bytes, err: bytes) -> None:
        self.place, self.code = place, code
        self.out, self.err = out.decode(), err.decode()

    @property
    def reason(self) -> str | None:
        """What the service was told."""
        path = self.place.folder / "reason"
        return path.read_text(encoding="utf-8") if path.exists() else None

    @property
    def record(self) -> dict[str, Any]:
        """fahr-job.json."""
        path = self.place.output / "fahr-job.json"
        content: dict[str, Any] = json.loads(path.read_text())
        return content

    @property
    def files(self) -> set[str]:
        """The output, without fahr's own record."""
        found = {str(p.relative_to(self.place.output)) for p in self.place.output.rglob("*")}
        return found - {"fahr-job.json"}


def code_cell(source: str, *tags: str) -> dict[str, Any]:
    """Make a notebook's code cell."""
    return {
        "cell_type": "code",
        "metadata": {"tags": list(tags)} if tags else {},
        "source": dedent(source).strip("\n").splitlines(keepends=True),
        "outputs": [],
        "execution_count": None,
    }


def wait_for(condition: Callable[[], object], patience: float = 30) -> None:
    """Wait until something is true; fail when it takes longer than the patience, in seconds."""
    until = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.02)


def alive(pid: int) -> bool:
    """Tell whether a process runs; a zombie does not."""
    try:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except ProcessLookupError:
        return False
    except FileNotFoundError:
        return Path("/proc").exists() is False
    return state != "Z"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Give an empty service."""
    return Place(tmp_path)


@pytest.fixture(scope="session")
def old_python() -> Path:
    """Give the oldest Python that the launcher promises to run on."""
    found = os.environ.get("OLDEST_PYTHON") or shutil.which("python3.8")
    if found and subprocess.call([found, "-c", ""], stderr=subprocess.DEVNULL) == 0:
        return Path(found)
    pytest.skip("no Python 3.8 here (OLDEST_PYTHON names one)")
