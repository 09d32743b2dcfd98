"""The cloud as pytest fixtures, which a plugin's conftest imports by name.

Where no engine answers or a program is missing the tests are skipped and say so; with
FAHR_REQUIRE_ENGINE=1 they fail instead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.clouds.aws.registry import PROGRAMS
from tests.clouds.emptied import emptied
from tests.clouds.homes import surrounded
from tests.clouds.needs import need_programs, real_engine

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.clouds.aws.cloud import Cloud

__all__ = ["aws", "aws_engine", "aws_process", "cloud"]

#: Variables that would lead a client elsewhere.
FOREIGN = ("AWS_", "BOTO_")


@pytest.fixture(scope="session")
def aws_process() -> Iterator[Cloud]:
    """Start the cloud of this process; tests use ``cloud``."""
    need_programs(*PROGRAMS)
    from tests.clouds.aws.cloud import Cloud

    cloud = Cloud()
    yield cloud
    cloud.close()


@pytest.fixture
def cloud(aws_process: Cloud) -> Iterator[Cloud]:
    """Give an empty account; a test that leaves a fault of the cloud itself fails."""
    with emptied(aws_process) as cloud:
        yield cloud


@pytest.fixture
def aws(cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """Give an empty account, to which all AWS clients of this test and its processes are led."""
    nowhere = tmp_path_factory.mktemp("aws")
    own = {"AWS_CONFIG_FILE": "config", "AWS_SHARED_CREDENTIALS_FILE": "credentials"}
    places = {variable: str(nowhere / file) for variable, file in own.items()}
    with surrounded(FOREIGN, {**cloud.variables, **places}):
        yield cloud


@pytest.fixture(scope="session")
def aws_engine() -> Iterator[Any]:
    """Give the engine that jobs run on, with the images that the cloud needs."""
    with real_engine() as engine:
        yield engine
