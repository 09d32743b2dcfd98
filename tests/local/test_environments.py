"""Environments of local jobs, made from real locks of tiny packages."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from fahr_core import store
from fahr_core.environment import resolve
from fahr_core.errors import DiskError, EnvironmentFileError
from fahr_core.local.environments import prepare
from fahr_core.models import Environment, Package

if TYPE_CHECKING:
    from collections.abc import Callable

SIX = (
    "six==1.16.0 \\\n"
    "    --hash=sha256:8abb2f1d86890a2dfb989f9a77cfcfd3e47c2a354b01111771326f8aa26e0254\n"
)
MINE = "{}.{}".format(*sys.version_info[:2])


@pytest.fixture
def six() -> Environment:
    """Give the environment of a lock that holds six."""
    return locked(SIX, Package(name="six", version="1.16.0"))


def locked(body: str, *packages: Package) -> Environment:
    return Environment(
        kind="requirements",
        file="requirements.txt",
        lock=store.put(f"# one\n# two\n{body}".encode()),
        python=MINE,
        packages=packages,
    )


@pytest.fixture
def builds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """Give a function that counts the virtual environments that were made."""
    uv = shutil.which("uv")
    if not uv:
        pytest.skip("uv is not on PATH")
    folder = tmp_path / "counted"
    folder.mkdir()
    log = folder / "log"
    (folder / "uv").write_text(
        f'#!/bin/sh\n[ "$1" = venv ] && echo made >> "{log}"\nexec "{uv}" "$@"\n'
    )
    (folder / "uv").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return lambda: len(log.read_text().split()) if log.exists() else 0


@pytest.fixture
def without_uv(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide uv, on PATH and as a module; a Python with pip stays."""
    folders = [str(Path(sys.base_prefix, "bin")), *os.get_exec_path()]
    kept = [folder for folder in folders if not Path(folder, "uv").exists()]
    monkeypatch.setenv("PATH", os.pathsep.join(kept))
    monkeypatch.setitem(sys.modules, "uv", None)


def imported(python: Path, module: str) -> str:
    code = f"import {module}; print({module}.__version__)"
    done = subprocess.run([str(python), "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def environments(home: Path) -> list[str]:
    folder = home / "fahr" / "environments"
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_made_from_the_lock_and_kept(six: Environment, builds: Callable[[], int]) -> None:
    first = prepare(six, notebook=False)
    assert imported(first.python, "six") == "1.16.0"
    assert prepare(six, notebook=False) == first
    assert builds() == 1
    assert first.folder
    assert first.papermill_python is None


def test_a_kept_environment_costs_next_to_nothing(six: Environment) -> None:
    prepare(six, notebook=False)
    started = time.perf_counter()
    for _ in range(20):
        prepare(six, notebook=False)
    assert (time.perf_counter() - started) / 20 < 0.005


def test_told_while_it_is_made(six: Environment) -> None:
    told: list[str] = []

    def progress(
        stage: str, text: str = "", done: int | None = None, total: int | None = None
    ) -> None:
        told.append(f"{stage}: {text}")

    prepare(six, notebook=False, progress=progress)
    assert told[0] == "environment: making the environment of requirements.txt"
    told.clear()
    prepare(six, notebook=False, progress=progress)
    assert told == []


@pytest.mark.e2e
def test_an_unfinished_or_broken_one_is_made_again(
    six: Environment, builds: Callable[[], int]
) -> None:
    made = prepare(six, notebook=False)
    assert made.folder
    (made.folder / ".fahr-ready").unlink()
    (made.folder / "rubbish").write_text("")
    assert prepare(six, notebook=False) == made
    assert not (made.folder / "rubbish").exists()
    made.python.unlink()
    made.python.symlink_to("/nowhere/python")
    prepare(six, notebook=False)
    assert imported(made.python, "six") == "1.16.0"
    assert builds() == 3


START = """
import json, sys
from fahr_core.local.environments import prepare
from fahr_core.models import loads, Environment
print(prepare(loads(Environment, sys.argv[1]), notebook=False).python)
"""


def start(environment: Environment) -> subprocess.Popen[str]:
    from fahr_core.models import dumps

    return subprocess.Popen(
        [sys.executable, "-c", START, dumps(environment)], stdout=subprocess.PIPE, text=True
    )


@pytest.mark.e2e
def test_ten_processes_at_once_make_one(six: Environment, builds: Callable[[], int]) -> None:
    processes = [start(six) for _ in range(10)]
    answers = {process.communicate()[0].strip() for process in processes}
    assert [process.returncode for process in processes] == [0] * 10
    assert len(answers) == 1
    assert imported(Path(answers.pop()), "six") == "1.16.0"
    assert builds() == 1


@pytest.mark.e2e
def test_killed_in_the_middle_it_is_made_again(
    six: Environment, tmp_path: Path, own_home: Path, monkeypatch: pytest.MonkeyPatch,
    eventually: Callable[..., object],
) -> None:  # fmt: skip
    uv, reached = shutil.which("uv"), tmp_path / "reached"
    folder = tmp_path / "slow"
    folder.mkdir()
    (folder / "uv").write_text(
        f'#!/bin/sh\n[ "$1" = pip ] && touch "{reached}" && exec sleep 60\nexec "{uv}" "$@"\n'
    )
    (folder / "uv").chmod(0o755)
    with monkeypatch.context() as patch:
        patch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
        process = start(six)
        eventually(reached.exists)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert len(environments(own_home)) == 1  # half of it is there
    assert imported(prepare(six, notebook=False).python, "six") == "1.16.0"


def test_a_hash_that_does_not_fit_leaves_nothing(own_home: Path) -> None:
    body = f"six==1.16.0 \\\n    --hash=sha256:{'0' * 64}\n"
    wrong = locked(body, Package(name="six", version="1.16.0"))
    with pytest.raises(EnvironmentFileError) as caught:
        prepare(wrong, notebook=False)
    assert caught.value.message == "cannot install what requirements.txt asks for"
    assert "Hash mismatch for `six==1.16.0`" in str(caught.value)
    assert len(caught.value.hints) <= 4
    assert environments(own_home) == []


def test_a_home_that_cannot_be_written(six: Environment, own_home: Path) -> None:
    (own_home / "fahr" / "environments").write_text("a file in the way")
    with pytest.raises(DiskError, match="cannot write to"):
        prepare(six, notebook=False)


@pytest.mark.e2e
@pytest.mark.parametrize("tool", ["uv", "pip"])
def test_a_package_from_a_repository(
    tmp_path: Path, tool: str, request: pytest.FixtureRequest
) -> None:
    if tool == "pip":
        request.getfixturevalue("without_uv")
    address = repository(tmp_path / "mine")
    body = f"{SIX}# unhashed: mine @ {address}\n"
    environment = locked(body, Package(name="mine", version=address.rpartition("@")[2]))
    made = prepare(environment, notebook=False)
    assert imported(made.python, "mine") == "1.0"
    assert imported(made.python, "six") == "1.16.0"


def repository(folder: Path) -> str:
    """Make a repository of a package and give the address of its only commit."""
    folder.mkdir()
    (folder / "mine.py").write_text("__version__ = '1.0'\n")
    (folder / "pyproject.toml").write_text(
        "[build-system]\nrequires = ['flit-core']\nbuild-backend = 'flit_core.buildapi'\n"
        "[project]\nname = 'mine'\nversion = '1.0'\ndescription = 'x'\n"
    )
    identity = ["-c", "user.name=x", "-c", "user.email=x@y"]
    for arguments in (["init", "-q"], ["add", "."], [*identity, "commit", "-qm", "x"]):
        subprocess.run(["git", *arguments], cwd=folder, check=True)
    head = ["git", "rev-parse", "HEAD"]
    commit = subprocess.run(head, cwd=folder, check=True, capture_output=True, text=True)
    address = folder.as_uri().replace("file:///", "file://localhost/")  # pip wants a host
    return f"git+{address}@{commit.stdout.strip()}"


@pytest.mark.e2e
def test_venv_and_pip_where_there_is_no_uv(six: Environment, without_uv: None) -> None:
    made = prepare(six, notebook=False)
    assert imported(made.python, "six") == "1.16.0"
    assert imported(made.python, "pip")


@pytest.mark.e2e
def test_no_such_python(six: Environment, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("UV_PYTHON_DOWNLOADS", "never")
    from dataclasses import replace

    with pytest.raises(EnvironmentFileError, match=r"Python 3.19 is not on this machine \(there: "):
        prepare(replace(six, python="3.19"), notebook=False)


@pytest.mark.e2e
def test_a_notebook_s_kernel_leaves_the_locked_packages_alone(
    tmp_path: Path, own_home: Path
) -> None:
    (tmp_path / "requirements.txt").write_text("six==1.15.0\ntraitlets==5.9.0\n")
    environment = resolve(tmp_path, "train.ipynb")
    made = prepare(environment, notebook=True)
    assert imported(made.python, "traitlets") == "5.9.0"
    assert imported(made.python, "ipykernel")
    assert made.papermill_python
    assert imported(made.papermill_python, "papermill")
    assert prepare(environment, notebook=False).folder != made.folder


@pytest.mark.e2e
def test_papermill_gets_an_environment_of_its_own(
    own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import importlib.util

    from fahr_core.local.papermill import papermill_python

    find_spec = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "papermill" else find_spec(name)
    )
    python = papermill_python(None)
    assert python != Path(sys.executable)
    assert imported(python, "papermill")
    assert papermill_python(None) == python


class TestNoEnvironmentFile:
    def test_the_python_on_path(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        python = tmp_path / "python3"
        python.symlink_to(sys.executable)
        monkeypatch.setenv("PATH", str(tmp_path))
        made = prepare(Environment(), notebook=False)
        assert (made.python, made.folder) == (python, None)

    def test_none_on_path(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(EnvironmentFileError, match="no python3 or python on PATH"):
            prepare(Environment(), notebook=False)

    def test_a_version_that_is_not_there(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PATH", str(tmp_path))
        monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
        with pytest.raises(EnvironmentFileError, match=r"Python 3.19 is not on this machine"):
            prepare(Environment(python="3.19"), notebook=False)

    def test_a_notebook_where_the_python_has_a_kernel(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # fahr's own Python has ipykernel in development.
        monkeypatch.setenv("PATH", str(Path(sys.executable).parent))
        made = prepare(Environment(), notebook=True)
        assert made.python.samefile(sys.executable)
        assert made.folder is None

    @pytest.mark.e2e
    def test_a_notebook_where_it_has_none(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        python = plain_python(tmp_path / "venv")
        monkeypatch.setenv("PATH", f"{python.parent}{os.pathsep}{os.environ['PATH']}")
        made = prepare(Environment(), notebook=True)
        assert made.folder
        assert imported(made.python, "ipykernel")
        assert imported(made.python, "mine") == "1.0"
        assert subprocess.run([str(python), "-c", "import ipykernel"], check=False,
                              capture_output=True).returncode == 1  # fmt: skip
        assert prepare(Environment(), notebook=True) == made
        kept = list((Path(os.environ["FAHR_HOME"]) / "cache" / "pythons").iterdir())
        assert json.loads(kept[0].read_text())["kernel"] is False


def plain_python(folder: Path) -> Path:
    """Make a Python that has one module of its own and nothing else."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    (site,) = folder.glob("lib/python*/site-packages")
    (site / "mine.py").write_text("__version__ = '1.0'\n")
    return folder / "bin" / "python3"
