"""What every test of the plugin gets: a home of its own, and the test cloud where it asks."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

sys.path.insert(0, str(Path(__file__).parents[3]))  # for the stand-in services, tests.clouds

from tests.clouds.aws.fixtures import FOREIGN, aws, aws_engine, aws_process, cloud
from tests.clouds.homes import empty_home

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["aws", "aws_engine", "aws_process", "cloud"]

#: No test may ask a machine in the cloud for credentials, or wait until there is none.
OWN = {"AWS_EC2_METADATA_DISABLED": "true"}


@pytest.fixture(autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Give the test an empty home and FAHR_HOME, and no account of the caller's."""
    with empty_home(tmp_path_factory, FOREIGN, OWN) as home:
        yield home


@pytest.fixture(autouse=True)
def nothing_known() -> Iterator[None]:
    """Let the test begin with no account looked up, and no client kept."""
    from fahr_sagemaker import account, asking

    account._Known.accounts.clear()
    asking._Open.clients.clear()
    yield
    account._Known.accounts.clear()
    asking._Open.clients.clear()
