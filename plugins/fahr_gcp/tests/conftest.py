"""What every test of the plugin gets: a home of its own, and the test cloud where it asks."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

sys.path.insert(0, str(Path(__file__).parents[3]))  # for the stand-in services, tests.clouds

from tests.clouds.gcp.fixtures import FOREIGN, cloud, gcp, gcp_engine, gcp_process
from tests.clouds.homes import empty_home

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["cloud", "gcp", "gcp_engine", "gcp_process"]

#: No test may ask a machine in the cloud for credentials, or wait until there is none.
OWN = {"NO_GCE_CHECK": "true"}


@pytest.fixture(autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Give the test an empty home and FAHR_HOME, and no account of the caller's."""
    with empty_home(tmp_path_factory, FOREIGN, OWN) as home:
        yield home


@pytest.fixture(autouse=True)
def nothing_known() -> Iterator[None]:
    """Let the test begin with no client kept, and close what it has opened."""
    from fahr_gcp import client

    client._SHARED.clear()
    yield
    for opened in client._SHARED.values():
        opened.close()
    client._SHARED.clear()
