"""Marks the stories: each starts real processes."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.conftest import eventually, own_home

from at_aws import fahr, fahr_alone

__all__ = ["eventually", "fahr", "fahr_alone", "own_home"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every story here, and give it time on a busy machine."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.e2e)
            item.add_marker(pytest.mark.timeout(900))
