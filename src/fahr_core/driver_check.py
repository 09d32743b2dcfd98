"""Check a driver as far as that goes without a job: it loads, its hooks, its settings model.

The conformance kit (:mod:`fahr_core.testing`) checks what it does; this is the quick look
that a driver's author takes between two edits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fahr_core import registry
from fahr_core.deferred import broken_places
from fahr_core.driver_listing import cause_of, load_driver
from fahr_core.errors import DriverError, FahrError
from fahr_core.models import BuildInfo, NameRule, TrainInfo

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pydantic import BaseModel

    from fahr_core.registry import Listed

__all__ = ["Verdict", "check_driver"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """One thing that was looked at: a word for it, and what is wrong, None when nothing is."""

    subject: str
    told: str
    problem: str | None = None


def check_driver(listed: Listed) -> list[Verdict]:
    """Look at a driver and say what is right and what is wrong; each thing once.

    What could not be looked at, because something before it is wrong, is left out.
    """
    try:
        plugin = registry.load(listed)
    except FahrError as error:
        return [Verdict("loads", "", cause_of(error))]
    verdicts = [Verdict("loads", listed.origin)]
    try:
        info = load_driver(listed)
    except FahrError as error:
        return [*verdicts, Verdict("hooks", "", cause_of(error))]
    verdicts.append(_check_hooks(plugin))
    if info:
        verdicts += [_tried(*check, info) for check in _CHECKS]
    return verdicts


def _tried(
    subject: str, check: Callable[[TrainInfo | BuildInfo], str], info: TrainInfo | BuildInfo
) -> Verdict:
    try:
        return Verdict(subject, check(info))
    except FahrError as error:
        return Verdict(subject, "", error.message)


def _check_hooks(plugin: object) -> Verdict:
    """Name the hooks, and import the functions of those that are deferred."""
    if broken := broken_places(plugin):
        return Verdict("hooks", "", "; ".join(broken))
    return Verdict("hooks", ", ".join(_hooks(plugin)))


def _hooks(plugin: object) -> Iterator[str]:
    """Name the hooks that a plugin implements."""
    from fahr_core.hookspecs import PROJECT

    for name in dir(plugin):
        if hasattr(getattr(plugin, name, None), f"{PROJECT}_impl"):
            yield name


def _check_title(info: TrainInfo | BuildInfo) -> str:
    title: object = info.title  # nothing has checked its type
    if not isinstance(title, str) or not title.strip():
        raise DriverError("it has no title")
    return title


def _check_names(info: TrainInfo | BuildInfo) -> str:
    if isinstance(info, BuildInfo):
        return "a build driver names nothing"
    rule = info.names
    _check_name(rule)
    return f"{rule.minimum} to {rule.limit} of {rule.alphabet}"


def _check_name(rule: NameRule) -> None:
    import re

    from fahr_core.names import remote_name

    try:
        inside = re.compile(f"[{rule.alphabet}]*")
    except re.error as error:
        raise DriverError(
            f"its alphabet {rule.alphabet!r} is no character class: {error}"
        ) from None
    for name in ("a-1", "digits-train-17", "x" * 63):
        made = remote_name(name, rule, "abc234")
        if not (rule.minimum <= len(made) <= rule.limit and inside.fullmatch(made)):
            raise DriverError(f'its rule makes of "{name}" the name "{made}", which breaks it')


def _check_model(info: TrainInfo | BuildInfo) -> str:
    from fahr_core.settings.resolve import load_model

    model = load_model(info.settings)
    if model.model_config.get("extra") != "forbid":
        raise DriverError(f'{model.__name__} takes any key; it needs extra="forbid"')
    if silent := [key for key, field in model.model_fields.items() if not field.description]:
        raise DriverError(f"{model.__name__} does not say what these mean: {', '.join(silent)}")
    _check_schema(model)
    return ", ".join(model.model_fields) or "none"


def _check_schema(model: type[BaseModel]) -> None:
    from pydantic.errors import PydanticUserError

    try:
        model.model_json_schema()
    except PydanticUserError as error:
        reason = str(error).splitlines()[0]
        raise DriverError(f"{model.__name__} has no JSON schema: {reason}") from error


_CHECKS: list[tuple[str, Any]] = [
    ("title", _check_title),
    ("names", _check_names),
    ("settings", _check_model),
]
