"""What every test of the plugin gets: a home of its own, and a registry where it asks for one."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from faults import Faults, proxied
from real_engine import need_engine
from real_registry import RealRegistry, running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from fahr_docker.engine.local import Engine
    from fahr_docker.registry import Registry

#: Docker's client leaves such a socket, never connected, when nothing answers at its path; Python
#: tells it whenever it comes by, in any test.
UNCONNECTED = "ignore:unclosed <socket.socket fd=[0-9]+, family=1, type=1, proto=0>:ResourceWarning"
PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


def pytest_configure(config: pytest.Config) -> None:
    """Let that one warning pass, which is not ours."""
    config.addinivalue_line("filterwarnings", UNCONNECTED)


@pytest.fixture(autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Give the test an empty home and FAHR_HOME, and no proxy of the caller's."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith("FAHR_") or name.lower() in PROXIES:
                patch.delenv(name)
        patch.setenv("HOME", str(home))
        patch.setenv("USERPROFILE", str(home))
        patch.setenv("FAHR_HOME", str(home / "fahr"))
        yield home


@pytest.fixture(scope="session")
def real_registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealRegistry]:
    """Give a real registry with a password, one for all tests of this process."""
    with running(tmp_path_factory.mktemp("registry")) as registry:
        yield registry


@pytest.fixture
def faulty(real_registry: RealRegistry) -> Iterator[Faults]:
    """Give a proxy before the real registry."""
    with proxied(real_registry.host) as faults:
        yield faults


@pytest.fixture
def repository(real_registry: RealRegistry, request: pytest.FixtureRequest) -> str:
    """Give the name of a repository that no other test uses."""
    return "test/" + str(abs(hash((request.node.nodeid, os.urandom(8)))))


@pytest.fixture
def registry(real_registry: RealRegistry, repository: str) -> Iterator[Registry]:
    """Give a client for an empty repository."""
    with real_registry.repository(repository) as client:
        yield client


@pytest.fixture
def through(
    real_registry: RealRegistry, faulty: Faults, repository: str
) -> Callable[..., Registry]:
    """Give a function that opens the same repository through the proxy."""
    return lambda **options: real_registry.repository(repository, at=faulty.host, **options)


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    """Give the engine of this machine."""
    with need_engine() as engine:
        yield engine
