"""A driver in some eighty lines keeps every promise."""

from pathlib import Path

import pytest

from fahr_core.testing import DriverContract


class TestMemory(DriverContract):
    driver = str(Path(__file__).with_name("memory_driver.py"))
    service_outlives_process = False
    runs_notebooks = False

    @pytest.fixture
    def refused_request(self, prepare):
        return prepare("print('was never staged')")
