"""What a pyproject.toml and a script's metadata ask for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fahr_core.environment.checks import login_in
from fahr_core.environment.files import parse_toml
from fahr_core.environment.requirements import Line, normalised
from fahr_core.environment.script import script_metadata
from fahr_core.errors import EnvironmentFileError

if TYPE_CHECKING:
    from fahr_core.environment.files import EnvironmentFile

__all__ = ["Asked", "read_project", "read_script", "refuse_stale"]


@dataclass(frozen=True, slots=True)
class Asked:
    """Dependencies and Python; ``uv_only`` where the file has sources that only uv reads."""

    lines: tuple[Line, ...]
    requires_python: str | None
    indexes: tuple[str, ...] = ()
    uv_only: bool = False


def read_project(file: EnvironmentFile) -> Asked:
    """Read the dependencies of a pyproject.toml.

    Raises:
        EnvironmentFileError: it is no TOML of the right shape, or holds a password.
    """
    data = parse_toml(file.text, file.name)
    project = data.get("project", {})
    dependencies = project.get("dependencies", []) if isinstance(project, dict) else None
    if not isinstance(dependencies, list) or not all(isinstance(d, str) for d in dependencies):
        raise EnvironmentFileError(f"{file.name}: dependencies is not a list of strings")
    tool = data.get("tool", {}).get("uv", {})
    return Asked(
        tuple(Line(file.name, _line_of(text, file.text), text) for text in dependencies),
        project.get("requires-python"),
        _indexes(tool, file.name),
        bool(tool.get("sources") or tool.get("index")),
    )


def read_script(file: EnvironmentFile) -> Asked:
    """Read the dependencies in a script's metadata (PEP 723).

    Raises:
        EnvironmentFileError: the block is no TOML of the right shape.
    """
    metadata = script_metadata(file.text, file.name)
    if metadata is None:
        raise EnvironmentFileError(f"{file.name} has no '# /// script' block (PEP 723)")
    lines = (Line(file.name, _line_of(x, file.text), x) for x in metadata.dependencies)
    tool = metadata.uv
    return Asked(
        tuple(lines),
        metadata.requires_python,
        _indexes(tool, file.name),
        bool(tool.get("sources") or tool.get("index")),
    )


def refuse_stale(asked: Asked, body: str) -> None:
    """Refuse a uv.lock that lacks what pyproject.toml asks for.

    Raises:
        EnvironmentFileError: it does, which names the first such package.
    """
    from packaging.requirements import Requirement

    from fahr_core.environment.lock import packages

    locked = {normalised(package.name) for package in packages(body)}
    for line in asked.lines:
        requirement = Requirement(line.text)
        if not requirement.marker and normalised(requirement.name) not in locked:
            raise EnvironmentFileError(
                f"{line.place} asks for {requirement.name}, which uv.lock lacks", "uv lock"
            )


def _indexes(tool: dict[str, Any], name: str) -> tuple[str, ...]:
    entries = tool.get("index", [])
    urls = [str(entry.get("url", "")) for entry in entries if isinstance(entry, dict)]
    for url in urls:
        if login_in(url):
            raise EnvironmentFileError(
                f"{name} has a password in [[tool.uv.index]]: it would travel with the job",
                "give the index a name and set UV_INDEX_<NAME>_USERNAME and _PASSWORD",
            )
    return tuple(url for url in urls if url)


def _line_of(dependency: str, text: str) -> int:
    lines = enumerate(text.split("\n"), start=1)
    return next((number for number, line in lines if dependency in line), 1)
