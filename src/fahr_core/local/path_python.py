"""The Python on PATH, which runs a job that has no environment file."""

from __future__ import annotations

import hashlib
import json
import subprocess
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fahr_core.environment.interpreters import (
    clean_environment,
    find_python,
    installed_minors,
    path_python,
)
from fahr_core.errors import EnvironmentFileError
from fahr_core.local.environments import LocalEnvironment, folder_python, kept
from fahr_core.paths import cache_folder

if TYPE_CHECKING:
    from fahr_core.hookspecs import Progress
    from fahr_core.models import Package

__all__ = ["path_environment"]

_QUESTION = """
import importlib.util, json, os, site, sys, sysconfig
places = [sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]
if hasattr(site, "getsitepackages"):
    places += site.getsitepackages()
if site.ENABLE_USER_SITE:
    places.append(site.getusersitepackages())
places = [place for place in dict.fromkeys(places) if os.path.isdir(place)]
print(json.dumps({
    "executable": sys.executable,
    "base": getattr(sys, "_base_executable", sys.executable),
    "places": places,
    "times": [os.stat(place).st_mtime for place in places],
    "kernel": importlib.util.find_spec("ipykernel") is not None,
}))
"""


@dataclass(frozen=True, slots=True)
class _Known:
    """What a Python says of itself; ``times`` are when its ``places`` were changed."""

    executable: str
    base: str
    places: list[str]
    times: list[float]
    kernel: bool


def path_environment(
    minor: str | None, *, notebook: bool, progress: Progress | None
) -> LocalEnvironment:
    """Give the Python on PATH; for a notebook one that has its packages and ipykernel.

    Raises:
        EnvironmentFileError: there is none, or none of the minor version asked for.
    """
    python = find_python(minor) if minor else path_python()
    if not python:
        raise _none(minor)
    if not notebook:
        return LocalEnvironment(python=python)
    known = _ask(python)
    if known.kernel:
        return LocalEnvironment(python=python)
    folder = _overlay(known, progress)
    return LocalEnvironment(python=folder_python(folder), folder=folder)


def _none(minor: str | None) -> EnvironmentFileError:
    if minor:
        there = ", ".join(installed_minors()) or "none"
        return EnvironmentFileError(
            f"Python {minor} is not on this machine (there: {there})",
            "install it, or add an environment file: uv then brings its own",
        )
    return EnvironmentFileError(
        "no python3 or python on PATH",
        "install Python, or add a requirements.txt: uv then brings its own",
    )


def _overlay(known: _Known, progress: Progress | None) -> Path:
    """Make an environment that adds ipykernel to what a Python has, and leaves it alone."""
    changed = Path(known.executable).stat().st_mtime
    made_from = json.dumps([known.executable, known.base, changed, known.places])
    key = "kernel-" + hashlib.sha256(made_from.encode()).hexdigest()[:24]

    def build(folder: Path) -> None:
        from fahr_core.environment.pip import make_venv
        from fahr_core.environment.uv import find_uv

        if progress:
            progress("environment", f"adding ipykernel to the packages of {known.executable}")
        python = make_venv(
            Path(known.base), folder, progress, *(["--without-pip"] if find_uv() else [])
        )
        _install_kernel(python, known, progress)
        _join(folder, known.places)

    return kept(key, build)


def _install_kernel(python: Path, known: _Known, progress: Progress | None) -> None:
    """Install at the versions that are there, so that the overlay shadows as little as can be."""
    from fahr_core.local.building import KERNEL, constraints, install

    with tempfile.TemporaryDirectory(prefix="fahr-") as scratch:
        keep = constraints(_installed(known.places), Path(scratch))
        try:
            install(python, [KERNEL, "--constraint", str(keep)], KERNEL, progress)
        except EnvironmentFileError:
            install(python, [KERNEL], KERNEL, progress)


def _installed(places: list[str]) -> list[Package]:
    from importlib.metadata import distributions

    from fahr_core.models import Package

    found: dict[str, Package] = {}
    for distribution in distributions(path=places):
        name, version = distribution.metadata["Name"], distribution.version
        if name and version and "+" not in version:
            found.setdefault(name.lower(), Package(name=name, version=version))
    return list(found.values())


def _join(folder: Path, places: list[str]) -> None:
    python = folder_python(folder)
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    asked = subprocess.run(
        [str(python), "-I", "-c", code], capture_output=True, text=True, check=True
    )
    # addsitedir reads the .pth files there too, those of editable installs among them.
    lines = [f"import site; site.addsitedir({place!r})\n" for place in places]
    Path(asked.stdout.strip(), "zz-path-python.pth").write_text("".join(lines), "utf-8")


def _ask(python: Path) -> _Known:
    """Give what a Python says of itself, remembered until it or its packages change."""
    remembered = cache_folder() / "pythons" / hashlib.sha256(str(python).encode()).hexdigest()[:24]
    if known := _remembered(python, remembered):
        return known
    try:
        done = subprocess.run(
            [str(python), "-c", _QUESTION],
            capture_output=True, text=True, timeout=60, check=True, env=clean_environment(),
        )  # fmt: skip
        known = _Known(**json.loads(done.stdout))
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        raise EnvironmentFileError(f"cannot start {python}", str(error)[-200:]) from error
    _remember(known, remembered)
    return known


def _remembered(python: Path, file: Path) -> _Known | None:
    try:
        if file.stat().st_mtime < python.stat().st_mtime or _is_stand_in(python):
            return None
        known = _Known(**json.loads(file.read_text("utf-8")))
        now = [Path(place).stat().st_mtime for place in known.places]
    except (OSError, ValueError, TypeError):
        return None
    return known if now == known.times and Path(known.base).exists() else None


def _is_stand_in(python: Path) -> bool:
    """Tell whether a version manager's script stands there, whose Python may change unseen."""
    with python.open("rb") as stream:
        return stream.read(2) == b"#!"


def _remember(known: _Known, file: Path) -> None:
    from fahr_core.local.folder import write_whole

    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(file, json.dumps(asdict(known)))
    except OSError as error:
        from fahr_core.errors import DiskError

        raise DiskError(f"cannot write to {file.parent}: {error.strerror or error}") from error
