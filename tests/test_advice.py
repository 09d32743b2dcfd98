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
    (line,) = advice(failed)
    assert "scikit-learn" in line
    assert "requirements.txt" not in line


def test_the_experiments_own_module_is_no_package(failed: Record, tmp_path: Path) -> None:
    (tmp_path / "sklearn.py").write_text("")
    assert advice(failed) == []


@pytest.mark.parametrize("reason", [None, "KeyError: 'label'", "exit status 3"])
def test_other_reasons_tell_nothing(failed: Record, reason: str | None) -> None:
    assert advice(replace(failed, reason=reason)) == []
