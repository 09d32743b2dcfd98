"""What every train driver promises, on a real engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from fahr_core.testing import DriverContract
from fahr_docker.train_driver.planning import home_mark

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fahr_docker.engine.local import Engine


class TestDocker(DriverContract):
    driver = "docker"
    build_driver = "local-cpu"

    @pytest.fixture(autouse=True)
    def no_containers_left(self, engine: Engine, fahr_home: object) -> Iterator[None]:
        """Take away the containers of the test's own home."""
        yield
        of_home = {"label": f"fahr.home={home_mark()}"}
        for container in engine.client.containers.list(all=True, filters=of_home):
            container.remove(force=True)
