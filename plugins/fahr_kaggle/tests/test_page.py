"""The driver's page shows commands that work and every setting."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.cli.calling import Call, call

from fahr_kaggle.settings import KaggleSettings
from jobs import experiment

__all__ = ["call"]

PAGE = (Path(__file__).parents[3] / "docs" / "drivers" / "kaggle.md").read_text("utf-8")
BLOCKS = re.findall(r"(?ms)^```text\n(.*?)^```$", PAGE)


def words_of(line):
    """Give a command of a block without what is said about it, for the stand-in's account."""
    return re.split(r"\s{2,}", line)[0].replace("NAME", "anna").split()[1:]


@pytest.fixture
def place(tmp_path, kaggle, monkeypatch):
    place = experiment(tmp_path, {"train.py": "open('model.bin', 'w').write('7')"})
    monkeypatch.chdir(place)
    return place


def test_the_commands_of_the_blocks_work_in_their_order(place, kaggle, call: Call):
    lines = [line for block in BLOCKS for line in block.splitlines() if line.startswith("fahr")]
    assert len(lines) == 4
    assert any("NAME/train/3" in line for line in lines)
    for line in lines:
        done = call(*words_of(line))
        assert done.status == 0, (line, done)
        if words_of(line)[0] == "fetch" and "--wait" in line:
            for _ in range(2):  # the versions that are fetched next
                assert call("fit", "train.py", "--train-driver=kaggle").status == 0
            kaggle.wait_until_idle()
    assert (place / "model.bin").read_text() == "7"


def test_every_setting_has_its_row():
    table = PAGE.partition("\n## Settings\n")[2]
    cells = [row.split("|")[1] for row in table.splitlines() if row.startswith("| `")]
    told = [name for cell in cells for name in re.findall(r"`(\w+)`", cell)]
    assert told == list(KaggleSettings.model_fields)
