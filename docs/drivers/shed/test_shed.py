"""What every train driver promises, tried on the shed."""

from pathlib import Path
from typing import ClassVar

import pytest

from fahr_core.testing import DriverContract

PLACE = "~/shed"


class TestShed(DriverContract):
    """The shed keeps its promises."""

    driver = str(Path(__file__).with_name("shed.py"))
    settings: ClassVar = {"place": PLACE}
    runs_notebooks = False

    @pytest.fixture(autouse=True)
    def place(self, tmp_path, monkeypatch):
        """Make the folder that the settings name."""
        monkeypatch.setenv("HOME", str(tmp_path))
        Path(PLACE).expanduser().mkdir()

    @pytest.fixture
    def refused_request(self, prepare):
        """Give a request that was never staged."""
        return prepare("print('hello')")
