"""The metadata that a script carries in a comment (PEP 723)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from fahr_core.errors import EnvironmentFileError

__all__ = ["ScriptMetadata", "script_metadata"]

# The reference expression of PEP 723.
_BLOCK = re.compile(r"(?m)^# /// (?P<type>[a-zA-Z0-9-]+)$\s(?P<content>(^#(| .*)$\s)+)^# ///$")


@dataclass(frozen=True, slots=True)
class ScriptMetadata:
    """What a script needs; ``line`` is where its block begins, ``uv`` its ``[tool.uv]``."""

    dependencies: tuple[str, ...]
    requires_python: str | None
    line: int
    uv: dict[str, Any] = field(default_factory=dict)


def script_metadata(text: str, name: str) -> ScriptMetadata | None:
    """Give the metadata of the script ``name``, or None when it carries none.

    Raises:
        EnvironmentFileError: there are two blocks, or one is no TOML of the right shape.
    """
    blocks = [match for match in _BLOCK.finditer(text) if match["type"] == "script"]
    if not blocks:
        return None
    if len(blocks) > 1:
        raise EnvironmentFileError(
            f"{name}:{_line(text, blocks[1])} has a second '# /// script' block"
        )
    return _parsed(_content(blocks[0]["content"]), name, _line(text, blocks[0]))


def _line(text: str, match: re.Match[str]) -> int:
    return text.count("\n", 0, match.start()) + 1


def _content(commented: str) -> str:
    lines = commented.split("\n")
    return "\n".join(line[2:] if line.startswith("# ") else line[1:] for line in lines)


def _parsed(toml: str, name: str, line: int) -> ScriptMetadata:
    import tomllib

    try:
        data = tomllib.loads(toml)
    except tomllib.TOMLDecodeError as error:
        within = re.search(r"at line (\d+)", str(error))
        place = line + int(within[1]) if within else line
        reason = re.sub(r" \(at .*\)$", "", str(error))
        raise EnvironmentFileError(f"{name}:{place} is no TOML: {reason}") from None
    dependencies = data.get("dependencies", [])
    python = data.get("requires-python")
    if not isinstance(dependencies, list) or not all(isinstance(d, str) for d in dependencies):
        raise EnvironmentFileError(f"{name}:{line} dependencies is not a list of strings")
    if python is not None and not isinstance(python, str):
        raise EnvironmentFileError(f"{name}:{line} requires-python is not a string")
    return ScriptMetadata(tuple(dependencies), python, line, _uv(data))


def _uv(data: dict[str, Any]) -> dict[str, Any]:
    tool = data.get("tool", {})
    found = tool.get("uv", {}) if isinstance(tool, dict) else {}
    return found if isinstance(found, dict) else {}
