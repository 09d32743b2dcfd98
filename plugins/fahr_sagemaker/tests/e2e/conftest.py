"""Marks the stories: each starts real processes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.conftest import eventually, own_home

from at_aws import fahr, fahr_alone
from tabled_calls import EVERY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.clouds.aws import Cloud

__all__ = ["eventually", "fahr", "fahr_alone", "own_home"]


@pytest.fixture(autouse=True)
def only_tabled_calls(aws: Cloud) -> Iterator[None]:
    """Let no story make a call that the tables of faults lack."""
    yield
    assert {call.name for call in aws.calls if aws.caller(call) == "user"} <= EVERY


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every story here, and give it time on a busy machine."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.e2e)
            item.add_marker(pytest.mark.timeout(900))
