"""Fixtures for tests that use the stand-in; a conftest imports what it wants of them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from .cloud import Cloud
from .image import Image
from .namespaces import why_not

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

# What would lead a client past the stand-in, or let it in by somebody else's name.
PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
FOREIGN = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
# Taken at import: each test begins without the caller's FAHR_ variables.
REQUIRED = os.environ.get("FAHR_REQUIRE_ENGINE") == "1"


@pytest.fixture(scope="session")
def kaggle_image(tmp_path_factory: pytest.TempPathFactory) -> Image:
    """Give the Python of all sessions, one for all workers of this run."""
    if reason := why_not():
        if REQUIRED:
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    own = tmp_path_factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    return Image(shared / "kaggle-image").ready()


@pytest.fixture
def clouds(kaggle_image: Image, tmp_path: Path) -> Iterator[Callable[..., Cloud]]:
    """Give a function that starts a stand-in; its options are those of `Cloud`."""
    started: list[Cloud] = []

    def start(**options: object) -> Cloud:
        folder = tmp_path / f"cloud{len(started)}"
        started.append(Cloud(folder, image=kaggle_image, **options))  # type: ignore[arg-type]
        return started[-1]

    yield start
    for cloud in started:
        cloud.close()


@pytest.fixture
def cloud(clouds: Callable[..., Cloud]) -> Cloud:
    """Give a stand-in with the service's own limits."""
    return clouds()


@pytest.fixture
def outside() -> Iterator[pytest.MonkeyPatch]:
    """Give a patch with no proxy, certificate or credentials of the caller's in the environment."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            foreign = name.lower() in PROXIES or name in FOREIGN
            if foreign or name.startswith("KAGGLE_"):
                patch.delenv(name)
        yield patch
