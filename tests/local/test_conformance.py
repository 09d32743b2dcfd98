"""The built-in driver keeps every promise of a train driver."""

from typing import ClassVar

import pytest

from fahr_core.testing import DriverContract


class TestLocal(DriverContract):
    driver = "local"
    settings: ClassVar = {"grace": 4.0, "jobs_at_once": 4}

    @pytest.fixture(autouse=True)
    def fahr_home(self, own_home):
        return own_home / "fahr"

    @pytest.fixture
    def refused_request(self, prepare):
        return prepare("print('was never staged')")
