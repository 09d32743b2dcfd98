"""conda's environment.yaml: read, and resolved by micromamba, mamba or conda.

A file that asks for ``python``, ``pip`` and a ``pip:`` list alone needs none of these tools:
it is a requirements file in another dress.
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fahr_core.environment import programs
from fahr_core.environment.checks import login_in
from fahr_core.environment.reasons import failed_resolution
from fahr_core.environment.requirements import Line, normalised, scan
from fahr_core.environment.wanted import Resolution
from fahr_core.errors import EnvironmentFileError

if TYPE_CHECKING:
    from fahr_core.environment.files import EnvironmentFile

__all__ = ["CondaFile", "find_conda", "read_conda", "solve"]

_TOOLS = ("micromamba", "mamba", "conda")
_SPEC = re.compile(r"(?:[\w./:-]+::)?([A-Za-z0-9_.-]+)\s*(.*)")
#: Source: "Using tokens" in Anaconda's documentation of channels.
_TOKEN = re.compile(r"://[^/\s]+/t/[^/\s]+/")
#: uv's platform names, as conda calls them.
_SUBDIR = {
    "x86_64-unknown-linux-gnu": "linux-64",
    "aarch64-unknown-linux-gnu": "linux-aarch64",
    "x86_64-apple-darwin": "osx-64",
    "aarch64-apple-darwin": "osx-arm64",
    "x86_64-pc-windows-msvc": "win-64",
}


@dataclass(frozen=True, slots=True)
class CondaFile:
    """What an environment.yaml asks for; ``python`` is a specifier such as ``==3.11.*``."""

    python: str | None
    specs: tuple[str, ...]
    channels: tuple[str, ...]
    pip: tuple[Line, ...]


def read_conda(file: EnvironmentFile) -> CondaFile:
    """Read an environment.yaml; ``specs`` are the packages that only conda can give.

    Raises:
        EnvironmentFileError: it is no YAML of the right shape.
    """
    data = _yaml(file)
    dependencies = _list(data, "dependencies", file)
    names = [item for item in dependencies if isinstance(item, str)]
    channels = [str(channel) for channel in _list(data, "channels", file)]
    _refuse_logins(file, [*channels, *names])
    pip = [line for item in dependencies if isinstance(item, dict) for line in _pip(item, file)]
    python, specs = None, []
    for spec in names:
        name, version = _split(spec)
        if name == "python":
            python = _specifier(version)
        elif name not in ("pip", "setuptools", "wheel"):
            specs.append(spec)
    return CondaFile(python, tuple(specs), tuple(channels), _lines(file, pip))


def find_conda(file: EnvironmentFile, specs: tuple[str, ...]) -> str:
    """Give micromamba, mamba or conda.

    Raises:
        EnvironmentFileError: there is none, which names what needs one.
    """
    for tool in _TOOLS:
        if found := shutil.which(tool):
            return found
    shown = ", ".join(specs[:3]) + (", ..." if len(specs) > 3 else "")
    raise EnvironmentFileError(
        f"{file.name} asks for {shown} from conda, and there is no micromamba, mamba or conda",
        "install micromamba: https://mamba.readthedocs.io/en/latest/installation/",
        "or move these packages below '- pip:', which needs none of them",
    )


def solve(
    file: EnvironmentFile,
    asked: CondaFile,
    python: str | None,
    platform: str,
) -> Resolution:
    """Resolve the conda packages to explicit addresses with hashes, as comments of a lock.

    Raises:
        EnvironmentFileError: there is no such package, or no tool to resolve with.
        ServiceError: a channel cannot be reached.
    """
    tool = find_conda(file, asked.specs)
    with tempfile.TemporaryDirectory(prefix="fahr-") as folder:
        arguments = [
            tool, "create", "--dry-run", "--json", "--yes", "--prefix", str(Path(folder, "new")),
            "--platform", _subdir(platform, file), *_channels(asked), *_specs(asked, python),
        ]  # fmt: skip
        done = programs.run(arguments, cwd=file.path.parent)
    document = _document(done.output)
    if done.status or not document.get("success", True):
        reason = document.get("solver_problems") or document.get("message") or done.output
        reason = "\n".join(reason) if isinstance(reason, list) else str(reason)
        raise failed_resolution(reason, file.name, asked.pip)
    links = document.get("actions", {}).get("LINK", [])
    fetched = {str(item.get("fn")): item for item in document["actions"].get("FETCH", [])}
    lines = [_address(item, fetched, tool) for item in links]
    found = next((str(item["version"]) for item in links if item["name"] == "python"), None)
    minor = ".".join(found.split(".")[:2]) if found else None
    return Resolution("".join(f"# conda: {x}\n" for x in sorted(lines)), Path(tool).name, minor)


def _refuse_logins(file: EnvironmentFile, texts: list[str]) -> None:
    """Refuse a channel with a login in it: the lock names its packages by their addresses."""
    for text in texts:
        if login_in(text) or _TOKEN.search(text):
            raise EnvironmentFileError(
                f"{file.name} has a password in a channel: it would travel with the job",
                "move its packages below '- pip:', and keep that index's login in ~/.netrc",
            )


def _specs(asked: CondaFile, python: str | None) -> list[str]:
    version = f"={python}" if python else (asked.python or "").replace("==", "=", 1)
    return [f"python{version}", "pip", *asked.specs]


def _channels(asked: CondaFile) -> list[str]:
    names = asked.channels or ("conda-forge",)
    return [part for name in names for part in ("--channel", name) if name != "nodefaults"]


def _subdir(platform: str, file: EnvironmentFile) -> str:
    try:
        return _SUBDIR[platform]
    except KeyError:
        raise EnvironmentFileError(f"{file.name}: conda has no packages for {platform}") from None


def _document(output: str) -> dict[str, Any]:
    start = output.find("{")
    try:
        data = json.loads(output[start:]) if start >= 0 else {}
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}


def _address(item: dict[str, Any], fetched: dict[str, Any], tool: str) -> str:
    name = str(item.get("fn") or item.get("dist_name"))
    more: dict[str, Any] = next((fetched[fn] for fn in fetched if fn.startswith(name)), {})
    url, digest = item.get("url") or more.get("url"), item.get("md5") or more.get("md5")
    if url and digest:
        return f"{url}#{digest}"
    raise EnvironmentFileError(
        f"{Path(tool).name} does not tell the hash of {name}",
        "install micromamba: https://mamba.readthedocs.io/en/latest/installation/",
    )


def _yaml(file: EnvironmentFile) -> dict[str, Any]:
    import yaml

    try:
        data = yaml.safe_load(file.text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{file.name}:{mark.line + 1}" if mark else file.name
        reason = getattr(error, "problem", None) or "cannot be parsed"
        raise EnvironmentFileError(f"{place} is no YAML: {reason}") from None
    if isinstance(data, dict):
        return data
    raise EnvironmentFileError(f"{file.name} has no dependencies")


def _list(data: dict[str, Any], key: str, file: EnvironmentFile) -> list[Any]:
    value = data.get(key) or []
    if isinstance(value, list):
        return value
    raise EnvironmentFileError(f"{file.name}: {key} is not a list")


def _pip(item: dict[str, Any], file: EnvironmentFile) -> list[str]:
    if item.keys() - {"pip"}:
        raise EnvironmentFileError(f"{file.name}: only 'pip:' may have a list below it")
    return [str(line) for line in _list(item, "pip", file)]


def _lines(file: EnvironmentFile, pip: list[str]) -> tuple[Line, ...]:
    """Give the pip lines as they stand in the file, with what they include."""
    rows = file.text.split("\n")
    found: list[Line] = []
    for text in pip:
        number = next((n for n, row in enumerate(rows, 1) if text in row), 1)
        for line in scan(file.path, file.name, text).lines:
            here = line.file == file.name
            found.append(
                Line(line.file, number if here else line.number, line.text, line.constraint)
            )
    return tuple(found)


def _split(spec: str) -> tuple[str, str]:
    match = _SPEC.fullmatch(spec.strip())
    return (normalised(match[1]), match[2].strip()) if match else (spec, "")


def _specifier(version: str) -> str | None:
    """Give conda's version of Python as a specifier of pip's: ``=3.11`` is ``==3.11.*``."""
    version = version.split(" ")[0] if not version.startswith("=") else version
    exact = re.fullmatch(r"={0,2}\s*(\d+\.\d+)(?:\.[\d*]+)?(?:[= ].*)?", version)
    if exact:
        return f"=={exact[1]}.*"
    return version or None
