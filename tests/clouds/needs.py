"""What the tests of a cloud need of the machine, and what becomes of them where it is missing.

They are skipped and say so; with FAHR_REQUIRE_ENGINE=1 they fail instead.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from tests.clouds.hosts import PAUSE_IMAGE

if TYPE_CHECKING:
    from collections.abc import Iterator

# Taken at import: each test begins without the caller's FAHR_ variables.
REQUIRED = os.environ.get("FAHR_REQUIRE_ENGINE") == "1"


def need_programs(*names: str) -> None:
    """Skip, or fail, where a program is missing."""
    for name in names:
        if shutil.which(name) is None:
            _do_without(f"{name} is not installed")


@contextlib.contextmanager
def real_engine() -> Iterator[Any]:
    """Give the engine that jobs run on, with the images that a cloud needs."""
    from docker import from_env
    from docker.errors import DockerException, ImageNotFound

    try:
        engine = from_env(timeout=120)
    except DockerException as error:
        _do_without(f"no Docker engine answers ({error})")
    try:
        engine.images.get(PAUSE_IMAGE)
    except ImageNotFound:
        engine.close()
        _do_without(f"the engine has no {PAUSE_IMAGE}")
    yield engine
    engine.close()


def _do_without(reason: str) -> NoReturn:
    if REQUIRED:
        pytest.fail(f"{reason}; .ci/engine brings it", pytrace=False)
    pytest.skip(f"{reason}; .ci/engine brings it")
