"""What is installed, as rows: each driver loaded once, a broken one told with its cause."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fahr_core import registry
from fahr_core.errors import FahrError
from fahr_core.models import BuildInfo, Capability, TrainInfo
from fahr_core.session import Session

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fahr_core.registry import Listed, Role
    from fahr_core.settings.layers import Layer

__all__ = [
    "READY",
    "DriverRow",
    "cause_of",
    "describe",
    "driver_rows",
    "facts",
    "find_any",
    "load_driver",
    "row_of",
]

READY = "ready"


@dataclass(frozen=True, slots=True, kw_only=True)
class DriverRow:
    """A driver or extension as it was found.

    ``info`` is None for an extension and for a driver that is broken; ``missing`` are
    required settings that this folder does not give; ``problem`` says why it cannot be used.
    """

    listed: Listed
    info: TrainInfo | BuildInfo | None = None
    missing: tuple[str, ...] = ()
    problem: str | None = None

    @property
    def state(self) -> str:
        """Say in a few words whether it can be used."""
        if self.problem:
            return f"broken: {self.problem}"
        return f"no {', '.join(self.missing)}" if self.missing else READY


def driver_rows(role: Role, layers: Sequence[Layer] = ()) -> list[DriverRow]:
    """Load every driver of a role and say how each is; a broken one hurts nobody else.

    Args:
        role: ``train``, ``build`` or ``extension``.
        layers: The folder's settings, in which required ones may be missing.
    """
    return [row_of(listed, layers) for listed in registry.installed(role)]


def find_any(name: str) -> Listed:
    """Find a driver or extension of any role by name, or a train driver by its path.

    Raises:
        DriverError: there is none, with the line that installs it or a did-you-mean.
    """
    if name.endswith(".py"):
        return registry.find("train", name)
    roles: tuple[Role, ...] = ("train", "build", "extension")
    for role in roles:
        for listed in registry.installed(role):
            if listed.name == name:
                return listed
    of_build = name.startswith(("local-", "default-"))
    return registry.find("build" if of_build else "train", name)


def row_of(listed: Listed, layers: Sequence[Layer] = ()) -> DriverRow:
    """Load a driver and say how it is."""
    try:
        info = load_driver(listed)
        missing = _missing(listed.name, info, layers) if info else ()
    except FahrError as error:
        return DriverRow(listed=listed, problem=cause_of(error))
    return DriverRow(listed=listed, info=info, missing=missing)


def load_driver(listed: Listed) -> TrainInfo | BuildInfo | None:
    """Load a driver or extension, check its hooks, and give what it says of itself.

    Raises:
        DriverError: it is broken.
    """
    if listed.role == "train":
        return Session(listed).info
    if listed.role == "build":
        return _build_info(listed)
    session = Session(registry.find("train", "local"), None, [listed.name])
    if session.warnings:
        raise registry.broken(listed, session.warnings[0].partition(" is broken: ")[2])
    return None


def describe(row: DriverRow) -> dict[str, Any]:
    """Give the document of a driver, as ``--json`` prints it."""
    from fahr_core.models import to_json

    listed, info = row.listed, row.info
    document = {
        "name": listed.name,
        "role": listed.role,
        "distribution": listed.distribution,
        "version": listed.version,
        "path": listed.path,
        "state": READY if row.state == READY else "broken" if row.problem else "missing settings",
        "missing": list(row.missing),
        "problem": row.problem,
    }
    if info:
        told = to_json(info)
        told.pop("settings")
        document |= told
    return document


def facts(row: DriverRow) -> list[tuple[str, str]]:
    """Give what a driver says of itself in lines, by a word for each."""
    listed, info = row.listed, row.info
    lines = [(listed.name, info.title if info else f"an {listed.role}"), ("from", listed.origin)]
    if info and info.needs:
        lines.append(("needs", ", ".join(info.needs)))
    if isinstance(info, TrainInfo):
        able = [capability for capability in Capability if capability in info.capabilities]
        unable = [capability for capability in Capability if capability not in able]
        rule = info.names
        lines.append(("can", ", ".join(able) or "none of what is optional"))
        lines.append(("cannot", ", ".join(unable) or "nothing"))
        lines.append(("names", f"{rule.minimum} to {rule.limit} characters of {rule.alphabet}"))
        lines.append(("costs", "money" if info.paid else "nothing"))
    if info and info.documentation:
        lines.append(("more", info.documentation))
    return lines


def _build_info(listed: Listed) -> BuildInfo:
    info = Session(registry.find("train", "local"), listed).build_info()
    if not isinstance(info, BuildInfo):
        raise registry.broken(listed, f"build_info gave {type(info).__name__}")
    return info


def _missing(name: str, info: TrainInfo | BuildInfo, layers: Sequence[Layer]) -> tuple[str, ...]:
    from fahr_core.settings.resolve import Model, inspect

    inspected = inspect(layers, [Model(name, info.settings)])
    return tuple(one.key for one in inspected.missing if one.driver == name)


def cause_of(error: FahrError) -> str:
    """Give what is wrong without the driver's name, which stands beside it."""
    _, found, cause = error.message.partition(" is broken: ")
    return cause if found else error.message
