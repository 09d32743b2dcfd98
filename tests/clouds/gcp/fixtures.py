"""The cloud as pytest fixtures, which a plugin's conftest imports by name.

Where no engine answers or a program is missing the tests are skipped and say so; with
FAHR_REQUIRE_ENGINE=1 they fail instead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.clouds.emptied import emptied
from tests.clouds.gcp.registry import PROGRAMS
from tests.clouds.homes import surrounded
from tests.clouds.needs import need_programs, real_engine

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.clouds.gcp.cloud import Cloud

__all__ = ["cloud", "gcp", "gcp_engine", "gcp_process"]

#: Variables that would lead a client elsewhere.
FOREIGN = ("GOOGLE_", "CLOUDSDK_", "GCE_", "GCLOUD_", "STORAGE_EMULATOR_HOST")


@pytest.fixture(scope="session")
def gcp_process() -> Iterator[Cloud]:
    """Start the cloud of this process; tests use ``cloud``."""
    need_programs(*PROGRAMS)
    from tests.clouds.gcp.cloud import Cloud

    cloud = Cloud()
    yield cloud
    cloud.close()


@pytest.fixture
def cloud(gcp_process: Cloud) -> Iterator[Cloud]:
    """Give an empty project; a test that leaves a fault of the cloud itself fails."""
    with emptied(gcp_process, gcp_process.strays) as cloud:
        yield cloud


@pytest.fixture
def gcp(cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """Give an empty project, to which all clients of this test and its processes are led."""
    nowhere = tmp_path_factory.mktemp("gcp")
    places = {"CLOUDSDK_CONFIG": str(nowhere)}
    with surrounded(FOREIGN, {**cloud.variables, **places}):
        yield cloud


@pytest.fixture(scope="session")
def gcp_engine() -> Iterator[Any]:
    """Give the engine that jobs run on, with the images that the cloud needs."""
    with real_engine() as engine:
        yield engine
