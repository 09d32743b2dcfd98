"""The stand-in for Kaggle, seen by kagglesdk as its users have it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[4]))

from tests.clouds.kaggle.fixtures import (  # noqa: F401
    cloud,
    clouds,
    kaggle_image,
    outside,
)


@pytest.fixture
def client(cloud, outside):  # noqa: F811
    """Give kagglesdk's client of the stand-in's account."""
    from kaggle_sdk import client_of

    with client_of(cloud, outside) as client:
        yield client
