"""Why a build failed: the step, and the last lines that it printed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from fahr_core.errors import EnvironmentFileError, FahrError, ServiceError, UsageError
from fahr_docker.engine.steps import shortened

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["engine_failed", "step_failed"]

_SHOWN = 12
_WIDTH = 96
_NOTHING_SENT = "nothing was sent"
#: A step of fahr's own template that installs packages.
_INSTALLS = re.compile(r"uv (?:pip install|venv)|micromamba create")
_COMPILER = re.compile(
    r"command '?\w*(?:gcc|cc|g\+\+|cargo|gfortran)'? failed|unable to execute '?gcc|"
    r"(?:gcc|cc|g\+\+)['\"]?:? (?:No such file|not found|command not found)|"
    r"Unknown compiler|CMAKE_CXX?_COMPILER|requires Rust"
)
#: Source: what dockerd, BuildKit and Podman print when an image is not to be had.
_NO_IMAGE = re.compile(
    r"pull access denied|repository does not exist|manifest unknown|not found: manifest|"
    r"failed to resolve source metadata|failed to do request|no such host"
)
_GONE = re.compile(
    r"Cannot connect to the Docker daemon|error during connect|connection refused|EOF$|"
    r"closing transport|error reading server preface|server has gone|transport is closing"
)


def step_failed(what: str, step: str, lines: Sequence[str], error: str = "") -> FahrError:
    """Make the error for a step of a Dockerfile.

    Args:
        what: What was being built.
        step: The step's name, with the instruction.
        lines: What it printed.
        error: What the engine said of it.
    """
    from fahr_core.environment.reasons import failed_install

    output = "\n".join(lines)
    known = failed_install(f"{output}\n{error}", what)
    if not isinstance(known, EnvironmentFileError):  # the disk, the network, a login
        return type(known)(f"{what}: {known.message}", *known.hints, _NOTHING_SENT)
    shown = [_cut(line) for line in list(lines)[-_SHOWN:]] or [_cut(error)]
    if _COMPILER.search(output):
        shown.append("a package without a wheel needs a compiler:")
        shown.append("fahr fit -c system_packages=build-essential")
    if "exec format error" in f"{output}{error}":
        shown.append("this machine cannot run that processor's programs:")
        shown.append("docker run --privileged --rm tonistiigi/binfmt --install all")
    kind = EnvironmentFileError if _INSTALLS.search(step) else UsageError
    return kind(f"{what} failed at: {shortened(step)}", *shown, _NOTHING_SENT)


def engine_failed(what: str, output: str) -> FahrError:
    """Make the error for a build that failed outside of any step."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    if "no space left on device" in output.lower():
        from fahr_core.errors import DiskError

        return DiskError(f"{what}: the engine's disk is full", "docker system prune", _NOTHING_SENT)
    shown = [_cut(line.removeprefix("ERROR: ")) for line in lines[-_SHOWN:]]
    if any(_GONE.search(line) for line in lines):
        return ServiceError(f"{what}: the engine stopped answering", *shown[-2:], _NOTHING_SENT)
    if _NO_IMAGE.search(output):
        return ServiceError(f"{what}: an image cannot be pulled", *shown[-2:], _NOTHING_SENT)
    return ServiceError(f"{what} failed", *shown, _NOTHING_SENT)


def _cut(line: str) -> str:
    return line if len(line) <= _WIDTH else line[: _WIDTH - 3] + "..."
