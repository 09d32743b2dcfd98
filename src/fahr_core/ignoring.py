"""The ignore files: .gitignore and .fahrignore of a folder and of what is above and below it.

A pattern means what it means to git (`gitignore(5)`): the last match wins, a deeper file wins
over a higher one, and nothing below an ignored folder can be taken back.  In one folder
.fahrignore is read after .gitignore, so that ``!weights.h5`` in it sends what git does not
keep.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fahr_core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

__all__ = ["Ignoring"]

_NAMES = (".gitignore", ".fahrignore")
_NEVER = "(?!)"  # a pattern that git cannot read matches nothing


@dataclass(frozen=True, slots=True)
class _Rule:
    expression: re.Pattern[str]
    takes_back: bool
    folders_only: bool


@dataclass(frozen=True, slots=True)
class _Rules:
    """What one folder's ignore files say, the last line first.

    A path of the experiment becomes one relative to that folder: ``prefix`` is put before it
    (a folder above the experiment), or its first ``skip`` characters go (one inside).
    """

    rules: tuple[_Rule, ...]
    prefix: str
    skip: int

    def verdict(self, path: str, is_folder: bool) -> bool | None:
        text = self.prefix + path[self.skip :]
        for rule in self.rules:
            if (is_folder or not rule.folders_only) and rule.expression.fullmatch(text):
                return not rule.takes_back
        return None


@dataclass(frozen=True, slots=True)
class Ignoring:
    """The ignore files that hold in one folder, the deepest first."""

    files: tuple[_Rules, ...] = ()

    def ignores(self, path: str, is_folder: bool) -> bool:
        """Tell whether a path of the experiment, whose folder is not ignored, is ignored."""
        for rules in self.files:
            verdict = rules.verdict(path, is_folder)
            if verdict is not None:
                return verdict
        return False

    def below(self, folder: Path, path: str, names: Collection[str]) -> Ignoring:
        """Give what holds in ``folder``, at ``path``, whose entries are ``names``."""
        if not any(name in names for name in _NAMES):
            return self
        rules = _read([folder / name for name in _NAMES])
        return Ignoring((_Rules(rules, "", len(path) + 1 if path else 0), *self.files))

    @classmethod
    def above(cls, folder: Path) -> Ignoring:
        """Give what holds in an experiment by the files above it, up to the repository's root.

        Files that would ignore the experiment as a whole are not meant for it.
        """
        root = next((p for p in (folder, *folder.parents) if (p / ".git").exists()), folder)
        levels = len(folder.parts) - len(root.parts)
        places = [(parent, [parent / n for n in _NAMES]) for parent in folder.parents[:levels]]
        places.append((root, [root / ".git" / "info" / "exclude"]))
        found = []
        for place, files in places:
            if rules := _read(files):
                inner = folder.relative_to(place).as_posix()
                found.append(_Rules(rules, "" if inner == "." else inner + "/", 0))
        return cls(tuple(rules for rules in found if not _ignores_all(rules)))


def _ignores_all(rules: _Rules) -> bool:
    parts = rules.prefix.split("/")
    above = ["/".join(parts[:depth]) for depth in range(1, len(parts))]
    alone = _Rules(rules.rules, "", 0)
    return any(alone.verdict(path, is_folder=True) for path in above)


def _read(files: list[Path]) -> tuple[_Rule, ...]:
    """Give the rules of ignore files, none where there is no such file."""
    lines = [line for file in files for line in _lines(file)]
    return tuple(rule for line in reversed(lines) if (rule := _rule(line)))


def _lines(file: Path) -> list[str]:
    try:
        text = file.read_bytes().decode("utf-8-sig", "surrogateescape")
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return []
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}") from None
    return [line.removesuffix("\r") for line in text.split("\n")]


def _rule(line: str) -> _Rule | None:
    line = re.sub(r"(?<!\\) +\Z", "", line)
    if not line or line.startswith("#"):
        return None
    body = line.removeprefix("!")
    folders_only = body.endswith("/")
    glob = body.removesuffix("/")
    anywhere = "" if "/" in glob else "(?:.*/)?"
    try:
        expression = re.compile(anywhere + _expression(glob.removeprefix("/")), re.DOTALL)
    except re.error:  # such as the range [z-a]
        expression = re.compile(_NEVER)
    return _Rule(expression, line.startswith("!"), folders_only)


#: The pieces of a pattern; a set is `[...]`, whose first character may be a bracket.
_PIECE = re.compile(
    r"""(?P<folders>(?:(?<=/)|\A)\*\*/) | (?P<all>(?<=/)\*\*\Z) | (?P<any>\*+) | (?P<one>\?)
    | \[(?P<not>[!^]?)(?P<set>\]?(?:\\.|\[:\w+:\]|[^\]\\])*)\] | \\(?P<escaped>.)
    | (?P<broken>\[|\\\Z) | (?P<plain>.)""",
    re.VERBOSE | re.DOTALL,
)
_MEANING = {
    "folders": "(?:.*/)?",
    "all": ".+",
    "any": "[^/]*",
    "one": "[^/]",
    "broken": _NEVER,
}
_CLASSES = {
    "alpha": "a-zA-Z",
    "digit": "0-9",
    "alnum": "a-zA-Z0-9",
    "upper": "A-Z",
    "lower": "a-z",
    "space": r"\s",
    "blank": r" \t",
    "xdigit": "0-9a-fA-F",
    "punct": r"!-/:-@\[-`{-~",
}


def _expression(glob: str) -> str:
    return "".join(_meaning(piece) for piece in _PIECE.finditer(glob))


def _meaning(piece: re.Match[str]) -> str:
    kind = piece.lastgroup or ""
    if kind in _MEANING:
        return _MEANING[kind]
    if kind == "set":
        return f"(?!/)[{'^' if piece['not'] else ''}{_set(piece['set'])}]"
    return re.escape(piece[kind])


def _set(body: str) -> str:
    def part(found: re.Match[str]) -> str:
        if found["name"]:
            return _CLASSES.get(found["name"], "")
        character = found["escaped"] or found[0]
        return character if character == "-" and not found["escaped"] else re.escape(character)

    return re.sub(r"\[:(?P<name>\w+):\]|\\(?P<escaped>.)|.", part, body, flags=re.DOTALL)
