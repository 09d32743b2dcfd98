"""Which container engine answers.

First the one that ``docker`` itself would talk to: ``DOCKER_HOST``, ``DOCKER_CONTEXT``, the
current context, else the socket of this machine. Where none of these is named and nothing
answers, Podman's socket is tried.
"""

# The Docker SDK has no types.
# mypy: disable-error-code="import-untyped"

from __future__ import annotations

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fahr_core.errors import UsageError
from fahr_docker.engine.local import Engine

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["context_name", "find_buildx", "find_engine", "no_engine"]

_QUICK = 10  # seconds for the first answer; a socket that is there answers at once
_PATIENT = 600  # seconds between two signs of life while an engine works


def find_engine(environ: Mapping[str, str] | None = None) -> Engine:
    """Give the engine that answers.

    Args:
        environ: The variables that lead to it; None for those of this process.

    Raises:
        UsageError: none does, which names what works without one.
    """
    tried: list[str] = []
    for variables in _candidates(os.environ if environ is None else environ):
        engine = _answering(variables, tried)
        if engine:
            return engine
    raise no_engine(tried[0])


def no_engine(address: str) -> UsageError:
    """Make the error for a machine on which no engine answers."""
    return UsageError(
        f"no Docker engine answers ({address})",
        f"start Docker, or without it: fahr fit --train-driver={_without_engine()}",
        "nothing was sent",
    )


@cache
def find_buildx() -> tuple[str, ...] | None:
    """Give the command of buildx, which is a plugin of ``docker`` or a program, or None."""
    for command in (("docker", "buildx"), ("docker-buildx",), ("buildx",)):
        if shutil.which(command[0]) and _runs(command):
            return command
    return None


def _runs(command: tuple[str, ...]) -> bool:
    done = subprocess.run(
        [*command, "version"], stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    return done.returncode == 0


def _candidates(environ: Mapping[str, str]) -> Iterator[Mapping[str, str]]:
    """Give the variables that lead to each engine that may be there."""
    yield environ
    if environ.get("DOCKER_HOST") or environ.get("DOCKER_CONTEXT"):
        return  # who names one means that one
    runtime = environ.get("XDG_RUNTIME_DIR")
    folders = [Path(runtime)] if runtime else []
    for folder in (*folders, Path("/run")):
        socket = folder / "podman" / "podman.sock"
        if socket.exists():
            yield {**environ, "DOCKER_HOST": f"unix://{socket}"}


def context_name(variables: Mapping[str, str]) -> str:
    """Give the name of docker's current context."""
    from docker.context.config import get_current_context_name

    return str(variables.get("DOCKER_CONTEXT") or get_current_context_name())


def _answering(variables: Mapping[str, str], tried: list[str]) -> Engine | None:
    address = variables.get("DOCKER_HOST") or _context_address(variables)
    tried.append(address)
    if "://" not in address:  # the SDK would go to another engine than the one that is named
        return None
    if address.startswith("unix://") and not Path(address.removeprefix("unix://")).exists():
        return None
    import docker
    import requests

    try:
        client = docker.from_env(environment=variables, timeout=_QUICK)
        version: dict[str, Any] = client.version()
    except (docker.errors.DockerException, requests.RequestException, OSError):
        return None
    client.api.timeout = _PATIENT
    return Engine(client=client, version=version, address=address, variables=variables)


def _context_address(variables: Mapping[str, str]) -> str:
    """Give the address behind the current context, or what is said of one that is not there."""
    from docker.context import ContextAPI
    from docker.errors import DockerException

    name = context_name(variables)
    try:
        context = ContextAPI.get_context(name)
    except (DockerException, OSError, ValueError):
        context = None
    if context is None:
        return f'no context "{name}"'
    default = "npipe:////./pipe/docker_engine" if os.name == "nt" else "unix:///var/run/docker.sock"
    return str(context.Host or default).removeprefix("http+")  # as the SDK writes it


def _without_engine() -> str:
    """Name a train driver that works on this machine as it is."""
    from fahr_core.registry import installed

    names = [entry.name for entry in installed("train")]
    return "kaggle" if "kaggle" in names else "local"
