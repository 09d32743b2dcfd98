"""What installed distributions declare: drivers and extensions by entry point, none imported.

Reading the metadata of everything that is installed takes longer than sending a small job.
So what was found is remembered, and holds for as long as no folder of ``sys.path`` has
changed: an installer adds or removes a ``.dist-info`` folder there.
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from fahr_core.leftovers import unfinished
from fahr_core.paths import cache_folder

if TYPE_CHECKING:
    from importlib.metadata import Distribution, EntryPoint

__all__ = ["GROUPS", "Listed", "Role", "declared", "remember"]

Role = Literal["train", "build", "extension"]

#: The entry-point group of each role.
GROUPS: dict[Role, str] = {
    "train": "fahr.train_drivers",
    "build": "fahr.build_drivers",
    "extension": "fahr.extensions",
}
_ROLES = {group: role for role, group in GROUPS.items()}
_NAMELESS = "?"


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A driver or extension as its distribution declares it, not loaded.

    ``target`` is ``module`` or ``module:attribute``; ``path`` and ``digest`` are set for a
    driver that is a file.
    """

    name: str
    role: Role
    target: str
    distribution: str
    version: str
    path: str | None = None
    digest: str | None = None

    @property
    def origin(self) -> str:
        """Say where it comes from: distribution and version, or its path."""
        return self.path or f"{self.distribution} {self.version}"


class _Scan:
    """What was read in this process, to be remembered for the next."""

    key: list[Any] | None = None
    rows: list[list[str]] | None = None


def declared(role: Role) -> list[Listed]:
    """List what is declared for a role, a name more than once if several declare it."""
    return [
        Listed(name=name, role=role, target=target, distribution=distribution, version=version)
        for of_role, name, target, distribution, version in _rows()
        if of_role == role
    ]


def remember() -> None:
    """Write down what was read, for the next command; what cannot be written only costs time."""
    if _Scan.rows is None:
        return
    file = cache_folder() / "declared.json"
    temporary = file.with_name(f"{unfinished()}declared")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(json.dumps({"key": _Scan.key, "rows": _Scan.rows}), "utf-8")
        temporary.replace(file)
    except OSError:
        with suppress(OSError):
            temporary.unlink()
    _Scan.rows = None


def _rows() -> list[list[str]]:
    key = _key()
    try:
        known = json.loads((cache_folder() / "declared.json").read_bytes())
    except (OSError, ValueError):
        known = {}
    if known.get("key") == key:
        return list(known["rows"])
    _Scan.key, _Scan.rows = key, _read()
    return _Scan.rows


def _key() -> list[Any]:
    """Tell one set of installed distributions from another without reading them."""
    folders: list[Any] = [sys.version]
    for folder in sys.path:
        try:
            folders.append([folder, os.stat(folder or ".").st_mtime_ns])  # noqa: PTH116 - hot
        except OSError:
            folders.append([folder, None])
    return folders


def _read() -> list[list[str]]:
    from importlib.metadata import distributions

    rows: list[list[str]] = []
    seen: set[str] = set()
    for distribution in distributions():
        entries = [entry for entry in distribution.entry_points if entry.group in _ROLES]
        if not entries:
            continue
        name, version = _name_and_version(distribution)
        if name not in seen:  # the first on the path hides others of its name
            found = [_row(entry, name, version) for entry in entries]
            rows += [row for row in found if row not in rows]
        seen |= {name} - {_NAMELESS}
    return rows


def _name_and_version(distribution: Distribution) -> tuple[str, str]:
    """Give both; what a failed removal leaves behind has neither.

    The package importlib_metadata, wherever it is imported, finds distributions for the standard
    library too, and those raise an error or a warning then.
    """
    try:
        told = distribution.metadata
    except FileNotFoundError:
        return _NAMELESS, _NAMELESS
    there = {key: told[key] for key in ("Name", "Version") if key in told}
    return there.get("Name") or _NAMELESS, there.get("Version") or _NAMELESS


def _row(entry: EntryPoint, distribution: str, version: str) -> list[str]:
    target = entry.value.partition("[")[0].replace(" ", "")
    return [_ROLES[entry.group], entry.name, target, distribution, version]
