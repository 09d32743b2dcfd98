from dataclasses import replace
from pathlib import Path

import pytest

from fahr_core.advice import advice
from fahr_core.ledger import Ledger
from fahr_core.ledger.record import Record


@pytest.fixture
def failed(tmp_path: Path) -> Record:
    """A record of a job of ``tmp_path`` that failed for want of scikit-learn."""
    from tests.ledgers import send

    ledger = Ledger.at_home()
    record = ledger.exact(send(ledger, "digits-train"))
    reason = "No module named 'sklearn' (train.py:3)"
    return replace(record, experiment=str(tmp_path), artifact="train.py", reason=reason)


def test_a_missing_module_is_named_by_its_distribution(
    failed: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert advice(failed) == ["echo scikit-learn >> requirements.txt", "fahr fit"]


def test_from_another_folder_the_lines_name_the_experiment(failed: Record, tmp_path: Path) -> None:
    assert advice(failed) == [
        f"echo scikit-learn >> {tmp_path / 'requirements.txt'}",
        f"fahr fit {tmp_path / 'train.py'}",
    ]


def test_another_environment_file_is_not_passed_over(failed: Record, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    line, again = advice(failed)
    assert line == "add scikit-learn to the environment file, then:"
    assert again == f"fahr fit {tmp_path / 'train.py'}"


def test_the_experiments_own_module_is_no_package(failed: Record, tmp_path: Path) -> None:
    (tmp_path / "sklearn.py").write_text("")
    assert advice(failed) == []


@pytest.mark.parametrize("reason", [None, "KeyError: 'label'", "exit status 3"])
def test_other_reasons_tell_nothing(failed: Record, reason: str | None) -> None:
    assert advice(replace(failed, reason=reason)) == []


@pytest.mark.parametrize(
    "missed", ["data/x.csv", "/opt/fahr/code/data/x.csv", "../work/data/x.csv", "/srv/job/data"]
)
def test_a_file_that_was_left_out_can_come_along(
    failed: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missed: str
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "x.csv").write_text("1")
    monkeypatch.chdir(tmp_path)
    reason = f"FileNotFoundError: [Errno 2] No such file or directory: '{missed}'"
    assert advice(replace(failed, reason=reason))[1:] == [
        "fahr fit -c include=data",
        "fahr fit --input data=./data",
    ]


def test_a_file_that_is_nowhere_is_the_scripts_own_matter(failed: Record) -> None:
    reason = "FileNotFoundError: [Errno 2] No such file or directory: '/mnt/data/x.csv'"
    assert advice(replace(failed, reason=reason)) == []
