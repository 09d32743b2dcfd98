"""Wheels for a job without internet: the packages of its lock, as one private dataset."""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from fahr_core import store
from fahr_core.environment import programs
from fahr_core.environment.uv import INSTALL_UV, find_uv
from fahr_core.errors import EnvironmentFileError
from fahr_kaggle.datasets import pack_tree

if TYPE_CHECKING:
    from fahr_core.hookspecs import Progress
    from fahr_core.models import Environment

__all__ = ["pack_wheels", "wheels_digest"]

#: What Kaggle's image can install: glibc 2.35 on x86-64. Source: Kaggle/docker-python, 2026-11.
_PLATFORMS = ("manylinux_2_35_x86_64", "manylinux_2_28_x86_64", "manylinux2014_x86_64")
_SHOWN = 3


def wheels_digest(lock: str) -> str:
    """Give the name of a lock's wheels; another lock has others."""
    return store.digest_of(f"wheels of {lock}".encode())


def pack_wheels(environment: Environment, file: Path, progress: Progress) -> None:
    """Download the wheels of a lock and write them as an archive.

    Raises:
        EnvironmentFileError: a package has no wheel for Kaggle, or cannot be downloaded.
    """
    text = store.read(environment.lock or "").decode()
    if "\n# unhashed: " in text:
        raise EnvironmentFileError(
            f"{environment.file} names packages by address, which cannot be brought to a job "
            "without internet",
            "-c enable_internet=true",
        )
    with tempfile.TemporaryDirectory(prefix="fahr-") as name:
        lock, folder = Path(name, "environment.lock"), Path(name, "wheels")
        lock.write_text(text, "utf-8")
        folder.mkdir()
        _download(environment, lock, folder, progress)
        pack_tree(folder, file)


def _download(environment: Environment, lock: Path, folder: Path, progress: Progress) -> None:
    command = [*_pip(), "download", "--disable-pip-version-check", "--no-deps"]
    command += ["--only-binary=:all:", "--require-hashes", "--requirement", str(lock)]
    command += ["--dest", str(folder), "--implementation", "cp"]
    command += ["--python-version", environment.python or f"3.{sys.version_info.minor}"]
    command += [word for name in _PLATFORMS for word in ("--platform", name)]
    done = programs.run(command, progress=progress)
    if done.status:
        said = [line for line in done.output.splitlines() if re.match(r"ERROR:", line)]
        raise EnvironmentFileError(
            f"the packages of {environment.file} cannot be brought to a job without internet",
            *(said or done.output.splitlines())[-_SHOWN:],
            "-c enable_internet=true    installs them at the start",
        )


def _pip() -> list[str]:
    """Give a pip: fahr's own Python's, else one that uv brings for the moment."""
    from importlib.util import find_spec

    if find_spec("pip"):
        return [sys.executable, "-m", "pip"]
    uv = find_uv()
    if uv is None:
        raise EnvironmentFileError("neither pip nor uv is here to download packages", INSTALL_UV)
    return [uv, "run", "--quiet", "--no-project", "--with", "pip", "python", "-m", "pip"]
