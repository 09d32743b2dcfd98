"""The Pythons of this machine: the one on PATH, and those of an asked version."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from fahr_core.environment.text import decode
from fahr_core.errors import EnvironmentFileError

__all__ = [
    "asked_version",
    "clean_environment",
    "find_python",
    "host_minor",
    "installed_minors",
    "minor_of",
    "path_python",
    "pinned_version",
    "this_platform",
    "venv_python",
]

_PIN = re.compile(r"(?:cpython-|python-?)?(3\.\d+)(?:\.\d+)?")
_WINDOWS = os.name == "nt"
#: Variables that make one Python load another one's modules.
_LEAKING = ("PYTHONHOME", "PYTHONPATH", "PYTHONSTARTUP", "__PYVENV_LAUNCHER__", "VIRTUAL_ENV")


def asked_version(python: str | None) -> str | None:
    """Give the minor version of ``--python``, such as ``3.12``.

    Raises:
        EnvironmentFileError: it is no version.
    """
    if python is None:
        return None
    if match := _PIN.fullmatch(python.strip()):
        return match[1]
    raise EnvironmentFileError(f'"{python}" is no Python version; one is 3.12')


def pinned_version(experiment: Path) -> str | None:
    """Give the minor version that the nearest ``.python-version`` names, or None.

    Folders above are looked at up to the root of the repository or the home folder.
    """
    home = Path.home()
    for folder in (experiment.absolute(), *experiment.absolute().parents):
        file = folder / ".python-version"
        if file.is_file():
            return _pin(file)
        if folder == home or (folder / ".git").exists():
            return None
    return None


def _pin(file: Path) -> str | None:
    lines = decode(file.read_bytes(), file.name).split("\n")
    matches = (_PIN.fullmatch(line.split("#")[0].strip()) for line in lines)
    # pyenv's names of virtual environments ("my-project") name no version.
    return next((match[1] for match in matches if match), None)


def path_python() -> Path | None:
    """Give the Python that a shell would start: ``python3``, else ``python`` (``py``).

    It is fahr's own only where that is the one on PATH.
    """
    names = ("python.exe", "python3.exe") if _WINDOWS else ("python3", "python")
    for folder in os.get_exec_path():
        for name in names:
            path = Path(folder or ".") / name
            if _can_start(path):
                return path.absolute()
    return _on_path("py.exe") if _WINDOWS else None


def find_python(minor: str) -> Path | None:
    """Give a Python of this minor version that is on PATH or pyenv's, or None."""
    python = path_python()
    if python and minor_of(python) == minor:
        return python
    named = _on_path(f"python{minor}.exe" if _WINDOWS else f"python{minor}")
    # A version manager's stand-in may be there for a version that it would not start.
    if named and minor_of(named) == minor:
        return named
    return next((path for path in _pyenv(minor) if _can_start(path)), None)


def _pyenv(minor: str) -> list[Path]:
    """Give the Pythons that pyenv has installed, newest first."""
    first = path_python()
    # Its stand-ins lie in "shims", beside "versions", wherever it is installed.
    beside = first.parent.parent if first and first.parent.name == "shims" else None
    versions = Path(os.environ.get("PYENV_ROOT") or beside or Path.home() / ".pyenv", "versions")
    python = "python.exe" if _WINDOWS else "bin/python"
    return sorted((folder / python for folder in versions.glob(f"{minor}.*")), reverse=True)


def installed_minors() -> list[str]:
    """Give the minor versions of the Pythons that are there, oldest first."""
    found = {minor for n in range(8, 21) if find_python(minor := f"3.{n}")}
    return sorted(found, key=lambda minor: int(minor[2:]))


def minor_of(python: Path) -> str | None:
    """Give the minor version of a Python, or None when it cannot be started."""
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    try:
        done = subprocess.run(
            [str(python), "-I", "-S", "-c", code],
            capture_output=True,
            text=True,
            timeout=60,
            env=clean_environment(),
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() or None if done.returncode == 0 else None


def host_minor() -> str:
    """Give the minor version of the Python on PATH, else of the one that runs fahr."""
    python = path_python()
    return (python and minor_of(python)) or "{}.{}".format(*sys.version_info[:2])


def venv_python(folder: Path) -> Path:
    """Give the Python of a virtual environment."""
    return folder / ("Scripts/python.exe" if _WINDOWS else "bin/python")


def this_platform() -> str:
    """Give uv's name for this machine, such as ``x86_64-unknown-linux-gnu``."""
    import platform

    machine = platform.machine().lower()
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(machine, machine)
    if sys.platform == "win32":
        return f"{machine}-pc-windows-msvc"
    if sys.platform == "darwin":
        return f"{machine}-apple-darwin"
    return f"{machine}-unknown-linux-{'gnu' if _has_glibc() else 'musl'}"


def clean_environment() -> dict[str, str]:
    """Give this process's variables less those that lead a Python to another's modules."""
    return {name: value for name, value in os.environ.items() if name not in _LEAKING}


def _has_glibc() -> bool:
    try:
        return bool(os.confstr("CS_GNU_LIBC_VERSION"))
    except (ValueError, OSError, AttributeError):
        return False


def _on_path(name: str) -> Path | None:
    for folder in os.get_exec_path():
        if _can_start(path := Path(folder or ".") / name):
            return path.absolute()
    return None


def _can_start(path: Path) -> bool:
    try:
        # Windows ships files of no size that open the shop in place of Python.
        return path.is_file() and path.stat().st_size > 0 and os.access(path, os.X_OK)
    except OSError:
        return False
