"""Which environment file an experiment has, and everything that its lock depends on.

Only the standard library is used, and TOML is read only where the file is TOML: this runs
on every ``fahr fit``.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fahr_core.environment.requirements import scan
from fahr_core.environment.script import script_metadata
from fahr_core.environment.text import read_text
from fahr_core.errors import EnvironmentFileError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["EnvironmentFile", "find", "parse_toml"]

_NAMES = ("requirements.txt", "environment.yaml", "environment.yml", "pyproject.toml")
_FOREIGN = {"Pipfile", "Pipfile.lock", "poetry.lock", "pdm.lock", "setup.py", "setup.cfg"}
_CONDA_INCLUDE = re.compile(
    r"(?m)^\s*-\s*[\"']?((?:-r|-c|--requirement|--constraint)[\s=].+?)[\"']?\s*$"
)


@dataclass(frozen=True, slots=True)
class EnvironmentFile:
    """An environment file; ``texts`` is what its lock depends on, by name.

    ``kind`` is one of :class:`fahr_core.models.Environment`'s, ``name`` what messages call
    the file, relative to the experiment.
    """

    kind: str
    path: Path
    name: str
    text: str
    texts: Mapping[str, str]


def find(experiment: Path, artifact: str, envfile: str | None = None) -> EnvironmentFile | None:
    """Give the file named by ``envfile``, else the first that the experiment has.

    The order is requirements.txt, environment.yaml, environment.yml, pyproject.toml (with
    dependencies, or with uv.lock beside it), the script's own metadata.

    Raises:
        EnvironmentFileError: the named file is missing or of no known kind, or the file
            found cannot be read.
    """
    if envfile is not None:
        return _open(experiment, _named(experiment, envfile))
    for name in _NAMES:
        path = experiment / name
        if path.is_file() and (name != "pyproject.toml" or _has_dependencies(path)):
            return _open(experiment, path)
    return _script(experiment / artifact, artifact)


def parse_toml(text: str, name: str) -> dict[str, Any]:
    """Parse the TOML file ``name``.

    Raises:
        EnvironmentFileError: it is no TOML, which names the line.
    """
    import tomllib

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        within = re.search(r" \(at line (\d+).*\)$", str(error))
        place = f"{name}:{within[1]}" if within else name
        reason = str(error)[: within.start()] if within else str(error)
        raise EnvironmentFileError(f"{place} is no TOML: {reason}") from None


def _named(experiment: Path, envfile: str) -> Path:
    candidates = (experiment / envfile, Path(envfile))
    for path in candidates:
        if path.is_file():
            return path.absolute()
    if any(path.is_dir() for path in candidates):
        raise EnvironmentFileError(f"--envfile {envfile} is a folder, not a file")
    raise EnvironmentFileError(f"no environment file {envfile}", *_did_you_mean(candidates[0]))


def _did_you_mean(path: Path) -> list[str]:
    import difflib

    if not path.parent.is_dir():
        return []
    names = [other.name for other in path.parent.iterdir() if other.is_file()]
    return [f"did you mean {name}?" for name in difflib.get_close_matches(path.name, names, 1)]


def _open(experiment: Path, path: Path) -> EnvironmentFile:
    name = _display(experiment, path)
    if path.name == "uv.lock":
        path = path.with_name("pyproject.toml")
        name = _display(experiment, path)
    if path.suffix == ".py" and path.name not in _FOREIGN:
        if found := _script(path, name):
            return found
        raise EnvironmentFileError(f"{name} has no '# /// script' block (PEP 723)")
    text = read_text(path, name)
    kind = _kind(path, name)
    return EnvironmentFile(kind, path, name, text, _texts(kind, path, name, text))


def _kind(path: Path, name: str) -> str:
    if path.suffix in (".yaml", ".yml"):
        return "conda"
    if path.name == "pyproject.toml":
        return "uv" if path.with_name("uv.lock").is_file() else "pyproject"
    if path.name in _FOREIGN or path.suffix in (".toml", ".ipynb", ".json", ".lock"):
        raise EnvironmentFileError(
            f"{name} is no environment file that fahr reads",
            "it reads requirements.txt, environment.yaml, pyproject.toml, uv.lock,",
            "and the '# /// script' block of a script",
        )
    return "requirements"


def _texts(kind: str, path: Path, name: str, text: str) -> dict[str, str]:
    if kind == "requirements":
        return scan(path, name, text).texts
    if kind == "conda":
        included = "\n".join(_CONDA_INCLUDE.findall(text))
        return {**scan(path, name, included).texts, name: text}
    if kind == "uv":
        lock = path.with_name("uv.lock")
        return {name: text, "uv.lock": read_text(lock, "uv.lock")}
    return {name: text}


def _has_dependencies(path: Path) -> bool:
    if path.with_name("uv.lock").is_file():
        return True
    text = read_text(path, path.name)
    return "dependencies" in parse_toml(text, path.name).get("project", {})


def _script(path: Path, name: str) -> EnvironmentFile | None:
    if path.suffix != ".py" or not path.is_file() or b"# /// script" not in path.read_bytes():
        return None
    text = read_text(path, name)
    metadata = script_metadata(text, name)
    if metadata is None:
        return None
    # The block alone is counted: editing the code below it changes no environment.
    counted = (metadata.dependencies, metadata.requires_python, metadata.uv)
    return EnvironmentFile("script", path, name, text, {name: repr(counted)})


def _display(experiment: Path, path: Path) -> str:
    try:
        return path.relative_to(experiment.absolute()).as_posix()
    except ValueError:
        return Path(os.path.relpath(path, experiment)).as_posix() if _near(path) else str(path)


def _near(path: Path) -> bool:
    return path.anchor == Path.cwd().anchor
