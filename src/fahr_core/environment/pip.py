"""Resolve by pip, where there is no uv: for this machine and a Python that is on it."""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fahr_core.environment import programs
from fahr_core.environment.interpreters import find_python, installed_minors, venv_python
from fahr_core.environment.reasons import failed_install, failed_resolution
from fahr_core.environment.uv import INSTALL_UV
from fahr_core.environment.wanted import Resolution
from fahr_core.errors import EnvironmentFileError

if TYPE_CHECKING:
    from fahr_core.environment.wanted import Wanted
    from fahr_core.hookspecs import Progress

__all__ = ["make_venv", "no_python", "resolve"]

_OLDEST = (22, 2)  # the first pip that reports what it would install
QUIET = {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1"}


def resolve(wanted: Wanted, progress: Progress | None) -> Resolution:
    """Resolve requirements to pinned lines with hashes of the files for this machine.

    Raises:
        EnvironmentFileError: there is no such package, version or Python, or another
            platform is asked for.
        ServiceError: the index cannot be reached.
    """
    if wanted.platform:
        raise EnvironmentFileError(
            f"without uv, {wanted.name} is resolved for this machine only, not for "
            f"{wanted.platform}",
            INSTALL_UV,
        )
    python = find_python(wanted.python)
    if not python:
        raise no_python(wanted.python)
    with tempfile.TemporaryDirectory(prefix="fahr-") as name:
        folder = Path(name)
        python = _with_pip(python, folder / "venv", progress)
        report = _report(python, wanted, folder, progress)
    return Resolution(_lines(report), f"pip {report.get('pip_version', '')}".strip())


def no_python(minor: str) -> EnvironmentFileError:
    """Make the error for a Python that is not on this machine."""
    there = ", ".join(installed_minors()) or "none"
    return EnvironmentFileError(
        f"Python {minor} is not on this machine (there: {there})",
        f"{INSTALL_UV}    uv brings its own Pythons",
    )


def make_venv(python: Path, folder: Path, progress: Progress | None, *more: str) -> Path:
    """Make a virtual environment by the standard library and give its Python.

    Raises:
        EnvironmentFileError: this Python cannot.
    """
    done = programs.run([str(python), "-m", "venv", *more, str(folder)], progress=progress)
    if done.status:
        if "ensurepip" in done.output:
            raise EnvironmentFileError(
                f"{python} lacks ensurepip, so it makes no virtual environments",
                "apt install python3-venv    on Debian",
                f"{INSTALL_UV}    does without it",
            )
        raise failed_install(done.output, f"a virtual environment by {python}")
    return venv_python(folder)


def _with_pip(python: Path, folder: Path, progress: Progress | None) -> Path:
    """Give a Python whose pip reports: this one, or that of a throw-away environment."""
    done = programs.run([str(python), "-m", "pip", "--version"], variables=QUIET)
    version = re.match(r"pip (\d+)\.(\d+)", done.output)
    if version and (int(version[1]), int(version[2])) >= _OLDEST:
        return python
    own = make_venv(python, folder, progress)
    arguments = [str(own), "-m", "pip", "install", "--quiet", "--upgrade", "pip"]
    done = programs.run(arguments, progress=progress, variables=QUIET)
    if done.status:
        raise failed_install(done.output, "pip")
    return own


def _report(
    python: Path, wanted: Wanted, folder: Path, progress: Progress | None
) -> dict[str, Any]:
    source, constraints = folder / "requirements.in", folder / "constraints.txt"
    report = folder / "report.json"
    source.write_text(wanted.requirements(), "utf-8")
    constraints.write_text(wanted.requirements(constraints=True), "utf-8")
    more = ["--pre"] if wanted.has("--pre") else []
    for host in wanted.values("--trusted-host"):
        more += ["--trusted-host", host]
    arguments = [
        str(python), "-m", "pip", "install", "--dry-run", "--ignore-installed", "--quiet",
        "--report", str(report), "--requirement", str(source), "--constraint", str(constraints),
        *more,
    ]  # fmt: skip
    done = programs.run(arguments, cwd=wanted.experiment, progress=progress, variables=QUIET)
    if done.status:
        raise failed_resolution(done.output, wanted.name, wanted.lines)
    return json.loads(report.read_text("utf-8")) if report.exists() else {"install": []}


def _lines(report: dict[str, Any]) -> str:
    found = sorted(report["install"], key=lambda item: str(item["metadata"]["name"]).lower())
    return "".join(_line(item) for item in found)


def _line(item: dict[str, Any]) -> str:
    """Give one pinned line. Source: pip's "Installation Report"."""
    name, info = item["metadata"]["name"], item["download_info"]
    if repository := info.get("vcs_info"):
        address = f"{repository['vcs']}+{info['url']}@{repository['commit_id']}"
        return f"{name} @ {address}\n"
    pin = (
        f"{name} @ {info['url']}" if item["is_direct"] else f"{name}=={item['metadata']['version']}"
    )
    sha256 = info.get("archive_info", {}).get("hashes", {}).get("sha256")
    return f"{pin} \\\n    --hash=sha256:{sha256}\n" if sha256 else f"{pin}\n"
