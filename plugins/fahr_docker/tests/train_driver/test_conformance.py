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
    from pathlib import Path

    from fahr_core.models import Request
    from fahr_core.testing.fixtures import Prepare
    from fahr_docker.engine.local import Engine


# Not in the class, whose fixtures cut the network off for some tests: it is undone after them.
@pytest.fixture(autouse=True)
def no_containers_left(engine: Engine, tmp_path: Path) -> Iterator[None]:
    """Take away the containers of the test's own home."""
    yield
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FAHR_HOME", str(tmp_path / "fahr-home"))
        of_home = {"label": f"fahr.home={home_mark()}"}
    for container in engine.client.containers.list(all=True, filters=of_home):
        container.remove(force=True)


class TestDocker(DriverContract):
    driver = "docker"
    build_driver = "local-cpu"

    @pytest.fixture
    def refused_request(self, prepare: Prepare) -> Request:
        """Give a request for an image that the engine does not have."""
        request = prepare(NOTHING)
        container = {**request.body["container"], "Image": "sha256:" + "0" * 64}
        return replace(request, body={**request.body, "container": container})
