from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from fahr_core.cli.picking import pick, session_of
from fahr_core.errors import UnknownJob
from fahr_core.ledger import Ledger
from fahr_core.models import State
from tests.told_driver import Service, distributions, send, told

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["distributions", "told"]


@pytest.fixture
def ledger(told: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ledger:
    send(tmp_path)
    monkeypatch.chdir(tmp_path / "digits")
    return Ledger.at_home()


def test_a_job_that_was_not_named_in_full_is_named(
    ledger: Ledger, capsys: pytest.CaptureFixture[str]
) -> None:
    assert pick(ledger, "digits-train-1").name == "digits-train-1"
    assert capsys.readouterr() == ("", "")
    for word in (None, "digits", "digits-train"):
        assert pick(ledger, word).name == "digits-train-1"
        assert capsys.readouterr() == ("", "job digits-train-1\n")


def test_a_job_of_the_services_own(told: Service, ledger: Ledger) -> None:
    told.ends()
    for driver in ("told", "'told'"):
        record = pick(ledger, '"me/kernel"', driver)
        assert (record.name, record.state) == ("me/kernel", State.COMPLETE)
    assert pick(ledger, "digits-train-1", "told").run_id  # the record comes first
    with pytest.raises(UnknownJob):
        pick(ledger, "me/kernel")


def test_the_warnings_of_a_driver_are_told(
    ledger: Ledger, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from dataclasses import replace

    from tests.distributions import TRAIN

    (tmp_path / "own.py").write_text(TRAIN)
    record = replace(ledger.exact("digits-train-1"), driver_path=str(tmp_path / "own.py"))
    assert session_of(record).train.name == "own"
    err = capsys.readouterr().err
    assert err.startswith("warning: ")
    assert "has changed since digits-train-1 was sent" in err
