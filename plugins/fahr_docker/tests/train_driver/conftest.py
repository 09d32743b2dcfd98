"""A fahr of the test's own, on the engine of this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from command_line import SCRIPT, Fahr

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fahr_docker.engine.local import Engine


@pytest.fixture
def fahr(engine: Engine, tmp_path: Path) -> Iterator[Fahr]:
    """Give a person with an experiment; their containers go when the test ends."""
    folder = tmp_path / "docker-story"  # always of this name, so that all tests share an image
    folder.mkdir()
    (folder / "train.py").write_text(SCRIPT)
    fahr = Fahr(engine, folder, tmp_path / "fahr-home")
    yield fahr
    for container in fahr.containers():
        container.remove(force=True)
