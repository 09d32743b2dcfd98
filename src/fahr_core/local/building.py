"""Build a virtual environment: by uv where there is one, else by venv and pip."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from fahr_core.environment import lock as locks
from fahr_core.environment import programs
from fahr_core.environment.interpreters import find_python, installed_minors, venv_python
from fahr_core.environment.pip import QUIET, make_venv, no_python
from fahr_core.environment.reasons import failed_install
from fahr_core.environment.requirements import normalised
from fahr_core.environment.uv import find_uv, index_variables
from fahr_core.errors import EnvironmentFileError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from fahr_core.hookspecs import Progress
    from fahr_core.models import Environment, Package

__all__ = ["build_locked", "install", "new_venv"]

#: What a notebook's kernel needs in the job's environment, and nothing else.
KERNEL = "ipykernel"


def build_locked(
    body: str,
    environment: Environment,
    folder: Path,
    *,
    notebook: bool,
    progress: Progress | None,
) -> None:
    """Make the environment that a lock's body describes.

    Raises:
        EnvironmentFileError: a package cannot be installed, or there is no such Python.
        ServiceError: the package index cannot be reached.
    """
    name = environment.file or "the environment"
    tell = progress or _nobody
    tell("environment", f"making the environment of {name}", 0, len(environment.packages))
    if conda := locks.conda_packages(body):
        _conda(conda, folder, name, progress)
    else:
        new_venv(environment.python or "", folder, progress)
    python = venv_python(folder)
    with tempfile.TemporaryDirectory(prefix="fahr-") as scratch:
        _install_locked(python, body, name, Path(scratch), progress)
        names = {normalised(package.name) for package in environment.packages}
        if notebook and KERNEL not in names:
            _install_kernel(python, environment.packages, Path(scratch), progress)


def new_venv(minor: str, folder: Path, progress: Progress | None) -> None:
    """Make an empty virtual environment of a minor version of Python.

    Raises:
        EnvironmentFileError: there is no such Python and none can be had.
    """
    python, uv = find_python(minor), find_uv()
    if uv:
        _uv_venv(uv, str(python or minor), minor, folder, progress)
    elif python:
        make_venv(python, folder, progress)
    else:
        raise no_python(minor)


def install(
    python: Path,
    arguments: Sequence[str],
    what: str,
    progress: Progress | None,
    *,
    hashes: bool = False,
) -> None:
    """Install into the environment of ``python`` by uv, else by its own pip.

    Raises:
        EnvironmentFileError: it fails, with the last lines of the reason.
        ServiceError: the package index cannot be reached.
    """
    more = ["--require-hashes"] if hashes else []
    if uv := find_uv():
        # With every file pinned by its hash it does no harm to look in all indexes.
        more += ["--index-strategy", "unsafe-best-match"] if hashes else []
        command = [uv, "pip", "install", "--python", str(python), *more, *arguments]
        variables = index_variables()
    else:
        command = [str(python), "-m", "pip", "install", "--progress-bar", "off", *more, *arguments]
        variables = QUIET
    done = programs.run(command, cwd=python.parent, progress=progress, variables=variables)
    if done.status:
        raise failed_install(done.output, what)


def constraints(packages: Iterable[Package], folder: Path) -> Path:
    """Write a file that keeps packages at their versions while others are installed."""
    path = folder / "constraints.txt"
    # A package from a repository or an address has no version to keep to.
    kept = [p for p in packages if p.version[:1].isdigit() and "/" not in p.version]
    path.write_text("".join(f"{p.name}=={p.version}\n" for p in kept), "utf-8")
    return path


def _install_locked(
    python: Path, body: str, name: str, scratch: Path, progress: Progress | None
) -> None:
    lock = scratch / "environment.lock"
    lock.write_text(body, "utf-8")
    if "--hash=" in body:
        install(
            python, ["--requirement", str(lock)], f"what {name} asks for", progress, hashes=True
        )
    if requirements := locks.unhashed(body):
        without = scratch / "unhashed.txt"
        without.write_text("".join(f"{line}\n" for line in requirements), "utf-8")
        install(
            python, ["--no-deps", "--requirement", str(without)], f"what {name} asks for", progress
        )


def _install_kernel(
    python: Path, packages: Iterable[Package], scratch: Path, progress: Progress | None
) -> None:
    keep = constraints(packages, scratch)
    try:
        install(python, [KERNEL, "--constraint", str(keep)], f"{KERNEL} for the notebook", progress)
    except EnvironmentFileError as error:
        raise EnvironmentFileError(
            f"{KERNEL} does not go with the locked packages", *error.hints,
            f"add {KERNEL} to the environment file",
        ) from error  # fmt: skip


def _uv_venv(uv: str, python: str, minor: str, folder: Path, progress: Progress | None) -> None:
    arguments = [uv, "venv", "--quiet", "--no-project", "--python", python, str(folder)]
    done = programs.run(arguments, cwd=folder.parent, progress=progress)
    if not done.status:
        return
    if "No space left" in done.output or "Permission denied" in done.output:
        raise failed_install(done.output, f"Python {minor}")
    if python != minor:
        raise failed_install(done.output, f"a virtual environment by {python}")
    there = ", ".join(installed_minors()) or "none"
    raise EnvironmentFileError(
        f"Python {minor} is not on this machine (there: {there}), and uv cannot get it",
        f"uv python install {minor}",
    )


def _conda(addresses: Sequence[str], folder: Path, name: str, progress: Progress | None) -> None:
    import shutil

    tool = next(
        (found for t in ("micromamba", "mamba", "conda") if (found := shutil.which(t))), None
    )
    if not tool:
        raise EnvironmentFileError(
            f"{name} is locked to conda packages, and there is no micromamba, mamba or conda",
            "install micromamba: https://mamba.readthedocs.io/en/latest/installation/",
        )
    with tempfile.TemporaryDirectory(prefix="fahr-") as scratch:
        explicit = Path(scratch, "explicit.txt")
        explicit.write_text("@EXPLICIT\n" + "".join(f"{x}\n" for x in addresses), "utf-8")
        arguments = [tool, "create", "--yes", "--prefix", str(folder), "--file", str(explicit)]
        done = programs.run(arguments, progress=progress)
    if done.status:
        raise failed_install(done.output, f"what {name} asks for")


def _nobody(stage: str, text: str = "", done: int | None = None, total: int | None = None) -> None:
    """Tell nobody."""
