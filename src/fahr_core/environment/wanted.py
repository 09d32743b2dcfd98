"""What a resolver is asked for, whichever kind of file it stood in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fahr_core.environment.requirements import Line, normalised, option

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Resolution", "Wanted", "lock_options", "user_hashes"]

_HASH = re.compile(r"\s+--hash[=\s](\S+)")
_EGG = re.compile(r"[#&]egg=([A-Za-z0-9][\w.-]*)")
_LOCK_OPTIONS = {
    "--index-url", "--extra-index-url", "--find-links", "--no-index", "--no-binary",
    "--only-binary",
}  # fmt: skip
#: What says where packages come from in every resolver; the rest is said by arguments.
_FILE_OPTIONS = {*_LOCK_OPTIONS, "--requirement", "--constraint"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """An environment to resolve.

    ``platform`` is None for this machine; ``previous`` the body of the lock before, whose
    versions stay where they can; ``indexes`` further indexes that the file names.
    """

    experiment: Path
    name: str
    lines: tuple[Line, ...]
    python: str
    platform: str | None = None
    previous: str | None = None
    indexes: tuple[str, ...] = ()

    def requirements(self, *, constraints: bool = False) -> str:
        """Give the requirements (or the constraints) as one file's text, hashes left out."""
        chosen = (line.text for line in self.lines if line.constraint == constraints)
        return "".join(f"{text}\n" for text in map(_plain, chosen) if text)

    def has(self, name: str) -> bool:
        """Tell whether an option stands in the file."""
        return any(option(line.text)[0] == name for line in self.lines)

    def values(self, name: str) -> list[str]:
        """Give the values of an option."""
        return [value for kind, value in map(option, (x.text for x in self.lines)) if kind == name]


@dataclass(frozen=True, slots=True)
class Resolution:
    """A resolved environment: the lock's body, and what resolved it."""

    body: str
    resolver: str
    python: str | None = None


def lock_options(wanted: Wanted) -> list[str]:
    """Give the option lines that the lock repeats, so that an installer finds the packages."""
    lines = [line.text for line in wanted.lines if option(line.text)[0] in _LOCK_OPTIONS]
    return list(dict.fromkeys([*lines, *(f"--extra-index-url {url}" for url in wanted.indexes)]))


def user_hashes(wanted: Wanted) -> dict[str, set[str]]:
    """Give the hashes that the file itself pins, by package."""
    found: dict[str, set[str]] = {}
    for line in wanted.lines:
        name = re.match(r"[A-Za-z0-9][\w.-]*", line.text)
        if name and (hashes := set(_HASH.findall(line.text))):
            found.setdefault(normalised(name[0]), set()).update(hashes)
    return found


def _plain(text: str) -> str:
    kind, value = option(text)
    if kind == "--editable":  # of a repository: others are refused
        name = _EGG.search(value)
        return f"{name[1]} @ {value.partition('#')[0]}" if name else value
    if kind:
        return text if kind in _FILE_OPTIONS else ""
    return _HASH.sub("", text)
