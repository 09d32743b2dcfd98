"""Which engine has a job: named once, when it is planned, and found again by that.

What leads to an engine is in variables and in docker's current context. Both change between
commands, and a job that waits is sent by another process; so what they were travels with the
request and with the reference.
"""

# The Docker SDK has no types.
# mypy: disable-error-code="import-untyped"

from __future__ import annotations

import atexit
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from fahr_core.errors import DiskError, FahrError, ServiceError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from fahr_core.models import JobRef
    from fahr_docker.engine.local import Engine
    from fahr_docker.train_driver.containers import Containers

__all__ = [
    "EngineLost",
    "asked",
    "connect",
    "containers_at",
    "containers_of",
    "named_engine",
    "naming",
]

_connected: dict[tuple[tuple[str, str], ...], Containers] = {}

#: Source: "Environment variables" in the reference of docker's command line.
_NAMING = (
    "DOCKER_HOST",
    "DOCKER_CONTEXT",
    "DOCKER_TLS_VERIFY",
    "DOCKER_CERT_PATH",
    "DOCKER_CONFIG",
)


class EngineLost(ServiceError):  # noqa: N818 - reads as the fact that it states
    """The engine does not answer, or stopped to while it was asked."""


def named_engine() -> dict[str, str]:
    """Give what names the engine that this command means; asks nobody."""
    return naming(os.environ)


def naming(variables: Mapping[str, str]) -> dict[str, str]:
    """Give what of an environment names an engine; nothing for this machine's own."""
    from fahr_docker.engine.finding import context_name

    named = {name: variables[name] for name in _NAMING if variables.get(name)}
    if "DOCKER_HOST" not in named and (context := context_name(named)) != "default":
        named["DOCKER_CONTEXT"] = context
    return named


def connect(named: Mapping[str, str]) -> Containers:
    """Give the containers of the engine that these variables name.

    A process connects to an engine once: each hook of a command asks the same one, and finding
    it takes longer than what it is asked.

    Raises:
        UsageError: it does not answer.
    """
    from fahr_docker.engine.finding import find_engine
    from fahr_docker.train_driver.containers import Containers

    key = tuple(sorted(named.items()))
    if key not in _connected:
        others = {name: value for name, value in os.environ.items() if name not in _NAMING}
        engine = find_engine({**others, **named})
        atexit.register(engine.close)
        _connected[key] = Containers(engine)
    return _connected[key]


def containers_at(named: Mapping[str, str]) -> Containers:
    """Give the containers of the engine that these variables name.

    Raises:
        EngineLost: it does not answer.
    """
    try:
        return connect(named)
    except UsageError as error:
        raise EngineLost(error.message, "start it, then try again") from error


def containers_of(ref: JobRef) -> Containers:
    """Give the containers of the engine that has a job.

    Raises:
        EngineLost: it does not answer.
    """
    return containers_at(ref.data.get("engine") or {})


@contextmanager
def asked(engine: Engine, what: str) -> Iterator[None]:
    """Turn what the engine's library raises into this project's errors.

    Raises:
        DiskError: the engine's disk is full.
        EngineLost: the engine stopped answering.
        ServiceError: it refused, and said why.
    """
    import docker
    import requests
    import urllib3

    try:
        yield
    except FahrError:
        raise
    except docker.errors.APIError as error:
        said = str(error.explanation or error)
        if "no space left on device" in said.lower():
            raise DiskError(f"{what}: the engine's disk is full", "docker system prune") from error
        raise ServiceError(f"{what}: {said}") from error
    except (
        docker.errors.DockerException,
        requests.RequestException,
        urllib3.exceptions.HTTPError,
        OSError,
    ) as error:
        raise EngineLost(f"{what}: the engine stopped answering ({engine.address})") from error
