from __future__ import annotations

import sys
from pathlib import Path

import pytest

from fahr_core.environment import interpreters
from fahr_core.errors import EnvironmentFileError


@pytest.mark.parametrize(
    ("text", "minor"), [("3.12", "3.12"), ("3.11.4", "3.11"), (" 3.9 ", "3.9"), (None, None)]
)
def test_the_option(text: str | None, minor: str | None) -> None:
    assert interpreters.asked_version(text) == minor


@pytest.mark.parametrize("text", ["", "three", "2.7", "3", ">=3.9"])
def test_the_option_when_it_is_no_version(text: str) -> None:
    with pytest.raises(EnvironmentFileError, match="is no Python version"):
        interpreters.asked_version(text)


@pytest.mark.parametrize(
    ("text", "minor"),
    [
        ("3.11.7\n", "3.11"),
        ("# ours\n3.12\n3.11\n", "3.12"),
        ("cpython-3.10\r\n", "3.10"),
        ("my-project\n", None),
        ("system\n", None),
        ("", None),
    ],
)
def test_python_version_files(tmp_path: Path, text: str, minor: str | None) -> None:
    (tmp_path / ".python-version").write_text(text)
    assert interpreters.pinned_version(tmp_path) == minor


def test_folders_above_count_up_to_the_repository(tmp_path: Path) -> None:
    experiment = tmp_path / "models" / "digits"
    experiment.mkdir(parents=True)
    (tmp_path / ".python-version").write_text("3.10")
    assert interpreters.pinned_version(experiment) == "3.10"
    (tmp_path / "models" / ".git").mkdir()
    assert interpreters.pinned_version(experiment) is None


def script(folder: Path, name: str, text: str) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def test_the_first_folder_of_path_decides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = script(tmp_path / "a", "python", "echo 3.7")
    second = script(tmp_path / "b", "python3", "echo 3.8")
    monkeypatch.setenv("PATH", f"{tmp_path / 'empty'}:{first.parent}:{second.parent}")
    assert interpreters.path_python() == first
    third = script(tmp_path / "a", "python3", "echo 3.9")
    assert interpreters.path_python() == third
    third.chmod(0o644)
    assert interpreters.path_python() == first


def test_a_stand_in_that_does_not_start_is_passed_over(no_tools: Path) -> None:
    script(no_tools, "python3.12", "echo 'command not found' >&2; exit 127")
    assert interpreters.find_python("3.12") is None
    script(no_tools, "python3.13", "echo 3.13")
    assert interpreters.find_python("3.13") == no_tools / "python3.13"
    assert interpreters.installed_minors() == ["3.13"]
    assert interpreters.path_python() is None


def test_pyenv_s_versions_are_found(no_tools: Path) -> None:
    for version in ("3.12.1", "3.12.4"):
        script(no_tools, "x", "")
        (no_tools / "versions" / version / "bin").mkdir(parents=True)
        script(no_tools / "versions" / version / "bin", "python", "echo 3.12")
    found = interpreters.find_python("3.12")
    assert found == no_tools / "versions" / "3.12.4" / "bin" / "python"


def test_this_python_and_this_platform() -> None:
    assert interpreters.minor_of(Path(sys.executable)) == "{}.{}".format(*sys.version_info[:2])
    assert interpreters.this_platform().split("-")[1] in ("unknown", "apple", "pc")


def test_what_leads_astray_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    monkeypatch.setenv("KEPT", "1")
    variables = interpreters.clean_environment()
    assert "PYTHONPATH" not in variables
    assert variables["KEPT"] == "1"
