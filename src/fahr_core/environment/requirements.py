"""Requirement files as pip reads them: logical lines, options, and the files they include.

Only the standard library is used: every ``fahr fit`` scans the files to see whether the
lock still holds.  Source: pip's "Requirements File Format".
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path

from fahr_core.environment.text import read_text
from fahr_core.errors import EnvironmentFileError

__all__ = ["Line", "Requirements", "expand", "logical_lines", "normalised", "option", "scan"]

_COMMENT = re.compile(r"(^|\s+)#.*$")
_VARIABLE = re.compile(r"\$\{([A-Z0-9_]+)\}")
_LONG = re.compile(r"(--[a-z][a-z-]*)(?:\s*=\s*|\s+|$)(.*)", re.DOTALL)
_SHORT = re.compile(r"(-[rcief])[\s=]*(.*)", re.DOTALL)
_LONG_NAME = {
    "-r": "--requirement",
    "-c": "--constraint",
    "-i": "--index-url",
    "-e": "--editable",
    "-f": "--find-links",
}
_SEPARATORS = re.compile(r"[-_.]+")


@dataclass(frozen=True, slots=True)
class Line:
    """One logical line: the file as messages name it, its line number, and its text."""

    file: str
    number: int
    text: str
    constraint: bool = False

    @property
    def place(self) -> str:
        """Where it stands, as ``file:line``."""
        return f"{self.file}:{self.number}"


@dataclass(slots=True)
class Requirements:
    """All lines of a file and of what it includes, and the text of each such file."""

    lines: list[Line] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)
    seen: set[tuple[str, bool]] = field(default_factory=set)


def scan(path: Path, name: str, text: str | None = None) -> Requirements:
    """Read a requirements file and all that it includes by ``-r`` and ``-c``.

    Args:
        path: The file; what it includes is relative to its folder.
        name: What messages call it.
        text: What to read in place of the file's own text.

    Raises:
        EnvironmentFileError: a file is missing or is no text.
    """
    found = Requirements()
    _scan(path, name, read_text(path, name) if text is None else text, found, constraint=False)
    return found


def _scan(path: Path, name: str, text: str, found: Requirements, *, constraint: bool) -> None:
    found.texts[name] = text
    found.seen.add((os.path.realpath(path), constraint))
    for number, line_text in logical_lines(text):
        line = Line(name, number, line_text, constraint)
        kind, value = option(line_text)
        if kind in ("--requirement", "--constraint") and "://" not in value:
            _include(path, line, value, found, constraint=constraint or kind == "--constraint")
        else:
            found.lines.append(line)


def _include(path: Path, line: Line, value: str, found: Requirements, *, constraint: bool) -> None:
    included = expand(value)
    target = path.parent / included
    name = Path(os.path.normpath(Path(line.file).parent / included)).as_posix()
    if (os.path.realpath(target), constraint) in found.seen:  # a circle, or included twice
        return
    try:
        text = read_text(target, name)
    except EnvironmentFileError as error:
        raise EnvironmentFileError(f"{line.place} {error.message}", *error.hints) from None
    _scan(target, name, text, found, constraint=constraint)


def logical_lines(text: str) -> list[tuple[int, str]]:
    """Give number and text of each line, continued ones joined, without comments."""
    lines: list[tuple[int, str]] = []
    parts: list[str] = []
    start = 0
    for number, raw in enumerate(text.split("\n"), start=1):
        start = start if parts else number
        if raw.endswith("\\") and not raw.lstrip().startswith("#"):
            parts.append(raw[:-1])
            continue
        # A comment inside a continued line ends it, but is not part of what comes before.
        parts.append(" " + raw if raw.lstrip().startswith("#") else raw)
        _add(lines, start, parts)
    _add(lines, start, parts)
    return lines


def _add(lines: list[tuple[int, str]], start: int, parts: list[str]) -> None:
    if text := _COMMENT.sub("", "".join(parts)).strip():
        lines.append((start, text))
    parts.clear()


def option(text: str) -> tuple[str, str]:
    """Give an option's long name and value; two empty strings for a requirement."""
    match = _LONG.fullmatch(text) or _SHORT.fullmatch(text)
    if not match:
        return "", ""
    name, value = match.groups()
    value = value.strip()
    if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
        value = value[1:-1]
    return _LONG_NAME.get(name, name), value


def expand(text: str) -> str:
    """Replace each ``${NAME}`` that is set in the environment, as pip does."""
    return _VARIABLE.sub(lambda match: os.environ.get(match[1], match[0]), text)


def normalised(name: str) -> str:
    """Give a distribution's name as indexes compare it (PEP 503)."""
    return _SEPARATORS.sub("-", name).lower()
