"""Resolve and export by uv."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from fahr_core.environment import programs
from fahr_core.environment.reasons import failed_resolution
from fahr_core.environment.wanted import Resolution
from fahr_core.errors import EnvironmentFileError

if TYPE_CHECKING:
    from fahr_core.environment.wanted import Wanted
    from fahr_core.hookspecs import Progress

__all__ = [
    "INSTALL_UV",
    "compile_requirements",
    "compile_source",
    "export",
    "find_uv",
    "index_variables",
]

INSTALL_UV = "python -m pip install uv"


def find_uv() -> str | None:
    """Give the uv on PATH, else the one installed beside fahr, or None."""
    if found := shutil.which("uv"):
        return found
    try:
        import uv
    except ImportError:
        return None
    try:
        return str(uv.find_uv_bin())
    except FileNotFoundError:
        return None


def compile_requirements(uv: str, wanted: Wanted, progress: Progress | None) -> Resolution:
    """Resolve requirements to pinned lines with hashes.

    Raises:
        EnvironmentFileError: there is no such package or version.
        ServiceError: the index cannot be reached.
    """
    with tempfile.TemporaryDirectory(prefix="fahr-") as folder:
        source = Path(folder, "requirements.in")
        source.write_text(wanted.requirements(), "utf-8")
        constraints = Path(folder, "constraints.txt")
        constraints.write_text(wanted.requirements(constraints=True), "utf-8")
        more = ["--constraints", str(constraints)] if constraints.stat().st_size else []
        return _compile(uv, [str(source), *more], Path(folder), wanted, progress)


def compile_source(uv: str, source: Path, wanted: Wanted, progress: Progress | None) -> Resolution:
    """Resolve what a pyproject.toml or a script asks for, by uv's own reading of it.

    Raises:
        EnvironmentFileError: there is no such package or version.
        ServiceError: the index cannot be reached.
    """
    with tempfile.TemporaryDirectory(prefix="fahr-") as folder:
        return _compile(uv, [str(source)], Path(folder), wanted, progress)


def export(uv: str, project: Path, wanted: Wanted, progress: Progress | None) -> Resolution:
    """Give what uv.lock pins, without development groups and the project itself.

    Raises:
        EnvironmentFileError: uv.lock cannot be read.
    """
    with tempfile.TemporaryDirectory(prefix="fahr-") as folder:
        target = Path(folder, "exported.txt")
        arguments = [
            uv, "export", "--quiet", "--frozen", "--no-dev", "--no-emit-project", "--no-header",
            "--no-annotate", "--project", str(project), "--output-file", str(target),
        ]  # fmt: skip
        done = programs.run(
            arguments, cwd=wanted.experiment, progress=progress, variables=_variables()
        )
        if done.status:
            raise failed_resolution(done.output, "uv.lock", wanted.lines)
        return Resolution(target.read_text("utf-8"), _version(uv))


def index_variables() -> dict[str, str]:
    """Give pip's index settings under uv's names, where uv has none of its own.

    uv reads none of pip's variables; who set them means both.
    """
    given = os.environ
    variables = {}
    if not given.keys() & {"UV_DEFAULT_INDEX", "UV_INDEX_URL"} and given.get("PIP_INDEX_URL"):
        variables["UV_DEFAULT_INDEX"] = given["PIP_INDEX_URL"]
    if not given.keys() & {"UV_INDEX", "UV_EXTRA_INDEX_URL"} and given.get("PIP_EXTRA_INDEX_URL"):
        variables["UV_INDEX"] = given["PIP_EXTRA_INDEX_URL"]
    return variables


def _compile(
    uv: str, sources: list[str], folder: Path, wanted: Wanted, progress: Progress | None
) -> Resolution:
    target = folder / "compiled.txt"
    if wanted.previous:
        target.write_text(wanted.previous, "utf-8")  # uv keeps these versions where it can
    arguments = [
        uv, "pip", "compile", *sources, "--quiet", "--generate-hashes", "--no-header",
        "--no-annotate", "--python-version", wanted.python, "--output-file", str(target),
        *_choices(wanted),
    ]  # fmt: skip
    done = programs.run(arguments, cwd=wanted.experiment, progress=progress, variables=_variables())
    if done.status:
        raise failed_resolution(done.output, wanted.name, wanted.lines)
    if not target.exists():
        raise EnvironmentFileError(
            f"uv wrote nothing for {wanted.name}", done.output.strip()[-200:]
        )
    return Resolution(target.read_text("utf-8"), _version(uv))


def _variables() -> dict[str, str]:
    # Resolving needs no Python of the version asked for, so none is downloaded for it.
    return {
        "UV_PYTHON_DOWNLOADS": os.environ.get("UV_PYTHON_DOWNLOADS", "never")
    } | index_variables()


def _choices(wanted: Wanted) -> list[str]:
    choices = ["--python-platform", wanted.platform] if wanted.platform else []
    choices += ["--prerelease", "allow"] if wanted.has("--pre") else []
    for host in wanted.values("--trusted-host"):
        choices += ["--allow-insecure-host", host]
    return choices


def _version(uv: str) -> str:
    return programs.run([uv, "--version"]).output.partition(" (")[0].strip()
