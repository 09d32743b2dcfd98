"""The real ``fahr`` in a folder and a home of its own, as a person at a shell has it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sysconfig
import time
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

SCRIPTS = Path(sysconfig.get_path("scripts"))
FAHR = str(SCRIPTS / "fahr")
EXAMPLES = Path(__file__).parents[2] / "examples"
FINAL = ("complete", "failed", "stopped")


def pytest_collection_modifyitems(items):
    """Mark every story here: each starts real processes."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.e2e)


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    status: int
    stdout: str
    stderr: str

    @property
    def line(self):
        """The one line on stdout."""
        (line,) = self.stdout.splitlines()
        return line

    @property
    def document(self):
        """The one JSON document on stdout."""
        return json.loads(self.stdout)


class Fahr:
    """Runs ``fahr`` as a process in `folder`, with the home that the test has."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.journal = folder.parent / "journal"
        # As with an activated environment: its Python is the one that jobs run by.
        self.path = os.pathsep.join([str(SCRIPTS), os.environ["PATH"]])
        self.variables: dict[str, str] = {}

    @property
    def home(self) -> Path:
        return Path(os.environ["FAHR_HOME"])

    def environment(self, **more: str) -> dict[str, str]:
        own = {"PATH": self.path, "JOURNAL": str(self.journal)}
        mixed = {**os.environ, **own, **self.variables, **more}
        return {name: str(value) for name, value in mixed.items()}

    # -- commands -----------------------------------------------------------------------

    def __call__(self, *words, status=0, cwd=None, env=None, typed="", timeout=240) -> Done:
        """Run a command to its end; its status has to be `status` (None: any)."""
        ended = subprocess.run(
            [FAHR, *map(str, words)],
            cwd=cwd or self.folder,
            env=self.environment(**(env or {})),
            input=typed,
            capture_output=True,
            text=True,
            timeout=timeout,
        )
        done = Done(ended.returncode, ended.stdout, ended.stderr)
        assert "Traceback" not in done.stderr, done.stderr
        assert status is None or done.status == status, done
        return done

    def error(self, *words, status=2, **options) -> str:
        """Run a command that has to fail as a user should see it; give what it says, unfolded."""
        done = self(*words, status=status, **options)
        assert done.stdout == ""
        errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
        assert len(errors) == 1, done.stderr
        assert "itself failed" not in done.stderr
        return done.stderr[done.stderr.index("error: ") :].replace("\n       ", " ")

    def start(self, *words, env=None, cwd=None, **options) -> subprocess.Popen:
        """Start a command and leave it to the test."""
        options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE} | options
        return subprocess.Popen(
            [FAHR, *map(str, words)],
            cwd=cwd or self.folder,
            env=self.environment(**(env or {})),
            stderr=subprocess.PIPE,
            text=True,
            **options,
        )

    # -- the experiment -----------------------------------------------------------------

    def write(self, name: str, text: str) -> Path:
        """Write a file of the experiment."""
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return file

    def script(self, *lines: str, name: str = "train.py") -> Path:
        """Write a script that first notes its job in the journal, which is outside."""
        note = 'with open(os.environ["JOURNAL"], "a") as file:'
        note += '\n    file.write(os.environ["FAHR_JOB_NAME"] + "\\n")'
        imports = "import os, signal, subprocess, sys, time"
        return self.write(name, "\n".join([imports, note, *lines, ""]))

    def example(self, name: str) -> Path:
        """Copy an example beside the folder, and go there."""
        target = self.folder.parent / name
        self.folder = Path(shutil.copytree(EXAMPLES / name, target, dirs_exist_ok=True))
        return self.folder

    def files(self) -> set[str]:
        """List the experiment, but for fahr's own folder of locks."""
        found = {path.relative_to(self.folder).as_posix() for path in self.folder.rglob("*")}
        return {name for name in found if not name.startswith(".fahr/")} - {".fahr"}

    # -- what became of it --------------------------------------------------------------

    @property
    def ran(self) -> list[str]:
        """The journal: names of the jobs that ran, one for each time."""
        return self.journal.read_text().splitlines() if self.journal.exists() else []

    def jobs(self) -> dict[str, dict]:
        """Give all recorded jobs by name, by ``fahr ls``."""
        return {job["name"]: job for job in self("ls", "--json").document}

    def job(self, name: str) -> dict:
        """Give a job by ``fahr status``."""
        return self("status", name, "--json").document

    def ended(self, name: str) -> dict:
        """Wait for a job's end and give it."""
        return self("wait", name, "--json", status=None).document

    def all_ended(self, timeout: float = 120) -> dict[str, dict]:
        """Wait for the end of all jobs and give them."""
        limit = time.monotonic() + timeout
        while True:
            listed = {job["name"]: job for job in self("ls", "--refresh", "--json").document}
            if all(job["state"] in FINAL for job in listed.values()):
                return listed
            assert time.monotonic() < limit, listed
            time.sleep(0.3)

    def place(self, name: str) -> Path:
        """Give the folder that the local driver keeps for a job."""
        return self.home / "jobs" / self.job(name)["run_id"]

    def processes(self, word: str = "") -> list[psutil.Process]:
        """Give every process that was started with this test's home, and with a word."""
        home = os.environ["HOME"]
        found = [process for process in psutil.process_iter() if _home_of(process) == home]
        return [one for one in found if not word or word in _command_of(one)]


def _home_of(process: psutil.Process) -> str | None:
    try:
        if process.status() == psutil.STATUS_ZOMBIE or process.pid == os.getpid():
            return None
        return process.environ().get("HOME")
    except (psutil.Error, OSError):
        return None


def _command_of(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:  # it has ended since it was listed
        return ""


@pytest.fixture
def fahr(own_home: Path, tmp_path: Path) -> Fahr:
    """Give a runner of ``fahr`` in an empty folder named ``digits``."""
    folder = tmp_path / "digits"
    folder.mkdir()
    return Fahr(folder)
