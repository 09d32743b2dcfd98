from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from fahr_core.environment.files import find
from fahr_core.errors import EnvironmentFileError

if TYPE_CHECKING:
    from pathlib import Path

SCRIPT = '# /// script\n# dependencies = ["six"]\n# ///\nprint()\n'
PROJECT = '[project]\nname = "x"\nversion = "0"\ndependencies = ["six"]\n'


def test_the_first_of_the_order_is_taken(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(SCRIPT)
    found = []
    for name, text in (
        ("pyproject.toml", PROJECT),
        ("environment.yml", "dependencies: []"),
        ("environment.yaml", "dependencies: []"),
        ("requirements.txt", "six"),
    ):
        before = find(tmp_path, "train.py")
        found.append((before.kind, before.name) if before else None)
        (tmp_path / name).write_text(text)
    last = find(tmp_path, "train.py")
    assert last
    assert [*found, (last.kind, last.name)] == [
        ("script", "train.py"),
        ("pyproject", "pyproject.toml"),
        ("conda", "environment.yml"),
        ("conda", "environment.yaml"),
        ("requirements", "requirements.txt"),
    ]


def test_a_pyproject_that_only_holds_settings_is_none(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text("")
    (tmp_path / "pyproject.toml").write_text("[tool.ruff]\nline-length = 100\n")
    assert find(tmp_path, "train.py") is None
    (tmp_path / "uv.lock").write_text("version = 1\n")
    found = find(tmp_path, "train.py")
    assert found
    assert found.kind == "uv"
    assert set(found.texts) == {"pyproject.toml", "uv.lock"}


def test_a_script_counts_only_its_block(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(SCRIPT)
    before = find(tmp_path, "train.py")
    (tmp_path / "train.py").write_text("import os\n" + SCRIPT + "x = 1\n")
    after = find(tmp_path, "train.py")
    assert before
    assert after
    assert before.texts == after.texts
    assert find(tmp_path, "gone.ipynb") is None


def test_pip_includes_of_a_conda_file_are_counted(tmp_path: Path) -> None:
    (tmp_path / "more.txt").write_text("six\n")
    (tmp_path / "environment.yaml").write_text(
        "dependencies:\n  - python\n  - pip:\n    - -r more.txt\n"
    )
    found = find(tmp_path, "train.py")
    assert found
    assert set(found.texts) == {"environment.yaml", "more.txt"}


def test_a_named_file_goes_before_all_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "requirements.txt").write_text("six")
    (tmp_path / "gpu requirements.in").write_text("tomli")
    found = find(tmp_path, "train.py", "gpu requirements.in")
    assert found
    assert (found.kind, found.name) == ("requirements", "gpu requirements.in")
    experiment = tmp_path / "experiment"
    experiment.mkdir()
    monkeypatch.chdir(tmp_path)
    found = find(experiment, "train.py", "requirements.txt")
    assert found
    assert found.name == "../requirements.txt"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "requirments.txt",
            "no environment file requirments.txt\n  did you mean requirements.txt?",
        ),
        ("folder", "--envfile folder is a folder, not a file"),
        ("Pipfile", "Pipfile is no environment file that fahr reads"),
        ("plain.py", "plain.py has no '# /// script' block"),
    ],
)
def test_a_named_file_that_cannot_be_used(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "folder").mkdir()
    for there in ("requirements.txt", "Pipfile", "plain.py"):
        (tmp_path / there).write_text("")
    with pytest.raises(EnvironmentFileError) as caught:
        find(tmp_path, "train.py", name)
    assert str(caught.value).startswith(message)


def test_broken_toml_names_the_line(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[project]\nname = x\n")
    with pytest.raises(EnvironmentFileError, match=r"pyproject.toml:2 is no TOML: Invalid value"):
        find(tmp_path, "train.py")
