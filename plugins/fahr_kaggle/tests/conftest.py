"""The stand-in for Kaggle, as fahr's driver finds it: by Kaggle's own variables."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[3]))

from tests.clouds.kaggle.fixtures import (  # noqa: F401
    cloud,
    clouds,
    kaggle_image,
    outside,
)


@pytest.fixture
def hurry(monkeypatch):
    """Ask as often as a stand-in allows."""
    from fahr_kaggle import seen, submission
    from fahr_kaggle.driver import driver

    monkeypatch.setattr(driver, "info", replace(driver.info, poll=0.2))
    monkeypatch.setattr(seen, "_HOLDS", 0.1)
    monkeypatch.setattr(submission, "_LATE", (0.05, 0.1))
    monkeypatch.setattr(seen, "_EACH", 0.0)


@pytest.fixture
def home(tmp_path, outside, monkeypatch):  # noqa: F811
    """Give a home that holds no credentials, and a fahr that knows no job."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("FAHR_HOME", str(tmp_path / "fahr-home"))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    return folder


@pytest.fixture
def kaggle(home, cloud, outside, hurry):  # noqa: F811
    """Give a stand-in that this process's driver talks to."""
    for name, value in cloud.environment().items():
        outside.setenv(name, value)
    return cloud


@pytest.fixture
def impatient(monkeypatch):
    """Wait less than for the real service, and give up sooner."""
    from fahr_kaggle import connection

    monkeypatch.setattr(connection, "READ_SECONDS", 1.0)
    monkeypatch.setattr(connection, "PATIENCE", 8.0)
    monkeypatch.setattr(connection, "FIRST_PAUSE", 0.05)
