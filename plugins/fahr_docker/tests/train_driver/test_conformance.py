"""What every train driver promises, on a real engine."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from fahr_core.testing import DriverContract
from fahr_core.testing.scripts import NOTHING
from fahr_docker.train_driver.planning import home_mark

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fahr_core.models import Request
    from fahr_core.testing.fixtures import Prepare
    from fahr_docker.engine.local import Engine


class TestDocker(DriverContract):
    driver = "docker"
    build_driver = "local-cpu"

    @pytest.fixture
    def refused_request(self, prepare: Prepare) -> Request:
        """Give a request for an image that the engine does not have."""
        request = prepare(NOTHING)
        container = {**request.body["container"], "Image": "sha256:" + "0" * 64}
        return replace(request, body={**request.body, "container": container})

    @pytest.fixture(autouse=True)
    def no_containers_left(self, engine: Engine, fahr_home: object) -> Iterator[None]:
        """Take away the containers of the test's own home."""
        yield
        of_home = {"label": f"fahr.home={home_mark()}"}
        for container in engine.client.containers.list(all=True, filters=of_home):
            container.remove(force=True)
