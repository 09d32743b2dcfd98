"""A driver as a table: where each of its hooks is, imported when it is called.

A driver of many modules that wrote its hooks as functions would import each module inside of
each of them, since to choose it must cost nothing.  :class:`DeferredHooks` says the same in a
line a hook, and shows the driver at a glance::

    driver = DeferredHooks(
        TrainInfo(title="a job at the service", ...),
        plan_submission="fahr_service.request:plan",
        job_states="fahr_service.states:states",
    )

The entry point names the instance: ``service = "fahr_service.driver:driver"``.
"""

from __future__ import annotations

import importlib
import inspect
from functools import wraps
from typing import TYPE_CHECKING, Any

from fahr_core import hookspecs

if TYPE_CHECKING:
    from collections.abc import Callable

    from fahr_core.models import TrainInfo

__all__ = ["DeferredHooks", "broken_places", "function_at"]


class DeferredHooks:
    """The hooks of a train driver, by the places of the functions that serve them.

    A function takes the hook's arguments by their names, all or those it needs, as any
    implementation does.  ``fahr drivers check`` and the conformance kit import all of them and
    compare.
    """

    def __init__(self, info: TrainInfo, **places: str) -> None:
        """Make a hook of each place, ``"package.module:function"``.

        Raises:
            TypeError: a name is not a hook of a train driver.
        """
        self.info = info
        #: Where each hook is, by its name.
        self.places = places
        for hook, place in places.items():
            setattr(self, hook, hookspecs.hookimpl(_deferred(hook, place)))

    @hookspecs.hookimpl
    def train_info(self) -> TrainInfo:
        """Tell what the driver can do."""
        return self.info

    if TYPE_CHECKING:

        def __getattr__(self, hook: str) -> Callable[..., Any]: ...


def function_at(hook: str, place: str) -> Callable[..., Any]:
    """Import the function that serves a hook.

    Raises:
        ImportError: its module cannot be imported, or is none.
        AttributeError: it is not there.
        TypeError: it takes what the hook does not give.
    """
    module, _, name = place.partition(":")
    function: Callable[..., Any] = getattr(importlib.import_module(module), name)
    given = _parameters(_specification(hook))
    if unknown := [one for one in inspect.signature(function).parameters if one not in given]:
        raise TypeError(f"{place} takes {', '.join(unknown)}, and {hook} gives {', '.join(given)}")
    return function


def broken_places(plugin: object) -> list[str]:
    """Import every function that a driver's hooks are deferred to; say of each what is wrong."""
    told = []
    for hook, place in plugin.places.items() if isinstance(plugin, DeferredHooks) else ():
        try:
            function_at(hook, place)
        except Exception as error:  # noqa: BLE001 - a plugin's module may raise anything
            told.append(f"{hook} at {place}: {type(error).__name__}: {error}")
    return told


def _deferred(hook: str, place: str) -> Callable[..., Any]:
    specification = _specification(hook)
    names = _parameters(specification)

    @wraps(specification)  # pluggy and people read the hook's own parameters and description
    def call(*values: Any, **named: Any) -> Any:
        given = dict(zip(names, values, strict=False)) | named
        function = function_at(hook, place)
        return function(**{name: given[name] for name in inspect.signature(function).parameters})

    return call


def _specification(hook: str) -> Callable[..., Any]:
    for namespace in (hookspecs.TrainHooks, hookspecs.SharedHooks):
        if found := vars(namespace).get(hook):
            return found  # type: ignore[no-any-return]
    raise TypeError(f"a train driver has no hook {hook}")


def _parameters(specification: Callable[..., Any]) -> list[str]:
    return [name for name in inspect.signature(specification).parameters if name != "self"]
