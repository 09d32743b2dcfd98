from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from fahr_core.cli.show_command import _lines
from tests.cli.calling import call
from tests.cli.records import fill
from tests.told_driver import Service, distributions, send, told

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.calling import Call

__all__ = ["call", "distributions", "told"]


@pytest.fixture
def name(told: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TOKEN", "s3cret")
    order = {"params": {"EPOCHS": 7}, "inputs": ["data=s3://x"], "secrets": ["TOKEN"]}
    return send(tmp_path, **order, pairs=["colour=größer"]).name


def test_all_that_was_sent(call: Call, name: str) -> None:
    document = call("show", "--json").document
    assert (document["name"], document["params"]) == (name, {"EPOCHS": 7})
    assert document["inputs"] == {"data": "s3://x"}
    assert document["secrets"] == ["TOKEN"]
    assert document["settings"] == {"colour": "größer"}
    assert document["code"]["digest"].startswith("sha256:")
    assert document["environment"]["packages"] == {}
    assert "s3cret" not in str(document)


def test_the_same_for_people(call: Call, name: str) -> None:
    done = call("show", name)
    assert done.err == ""
    lines = done.out.splitlines()
    assert lines[0] == "name          digits-train-1"
    assert "  colour        größer" in lines
    assert "  EPOCHS        7" in lines
    assert 'secrets       ["TOKEN"]' in lines
    assert not any(line.startswith("reason") for line in lines)  # what is empty is left out


@pytest.mark.parametrize(
    ("value", "lines"),
    [
        (None, []), ("", []), ([], []), ({}, []), ({"a": None}, []),
        (0, ["key           0"]), (False, ["key           false"]),
        ({"a": {"b": 1}}, ["key", "  a", "    b             1"]),
    ],
)  # fmt: skip
def test_a_field(value: object, lines: list[str]) -> None:
    assert _lines("key", value) == lines


def test_a_job_of_which_only_the_row_is_known(call: Call) -> None:
    fill(1)
    assert call("show", "digits-train-1", "--json").document["state"] == "complete"
    assert call("show", "zebra").status == 2
