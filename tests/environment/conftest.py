"""Experiments, tools out of sight, and lines counted instead of resolved."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def experiment(tmp_path: Path) -> Path:
    """Give an experiment with a script that imports six."""
    folder = tmp_path / "digits"
    folder.mkdir()
    (folder / "train.py").write_text("import six\n")
    return folder


@pytest.fixture
def put(experiment: Path) -> Callable[[str, str], Path]:
    """Give a function that writes a file of the experiment."""

    def write(name: str, text: str) -> Path:
        (experiment / name).write_text(text)
        return experiment / name

    return write


@pytest.fixture
def without_uv(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide uv, on PATH and as a module; a Python with pip stays."""
    base = str(Path(sys.base_prefix, "bin"))
    folders = [base, *os.get_exec_path()]
    kept = [folder for folder in folders if not Path(folder, "uv").exists()]
    monkeypatch.setenv("PATH", os.pathsep.join(kept))
    monkeypatch.setitem(sys.modules, "uv", None)
    assert shutil.which("uv") is None


@pytest.fixture
def no_tools(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Leave nothing on PATH but an empty folder, which is given."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("PYENV_ROOT", str(folder))
    monkeypatch.setitem(sys.modules, "uv", None)
    return folder
