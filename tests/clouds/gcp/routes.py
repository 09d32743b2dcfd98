"""Which method of which service an address means."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tests.clouds.gcp.asked import Asked


@dataclass(frozen=True)
class Route:
    """A method of a service, and what answers it."""

    method: str
    pattern: re.Pattern[str]
    #: Such as ``aiplatform:customJobs.create``.
    name: str
    permissions: tuple[str, ...]
    #: Whether anybody may call, without a token.
    open: bool
    handle: Callable[[Asked], Any]

    @property
    def service(self) -> str:
        """Give the service, such as ``aiplatform``."""
        return self.name.partition(":")[0]


def route(
    line: str, name: str, *permissions: str, open_: bool = False
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Mark a method as what answers a line such as ``GET /v1/projects/{project}``."""

    def mark(function: Callable[..., Any]) -> Callable[..., Any]:
        marks = [*getattr(function, "routes", []), (line, name, permissions, open_)]
        function.routes = marks  # type: ignore[attr-defined]
        return function

    return mark


def routes_of(services: Iterable[Any]) -> list[Route]:
    """Give the routes of the services' marked methods; what names a verb comes first."""
    found = []
    for service in services:
        for attribute in dir(type(service)):
            for line, name, permissions, open_ in getattr(
                getattr(type(service), attribute), "routes", []
            ):
                method, _, template = line.partition(" ")
                handle = getattr(service, attribute)
                found.append(Route(method, _pattern(template), name, permissions, open_, handle))
    return sorted(found, key=lambda route: ":" not in route.pattern.pattern.replace("?:", ""))


def find(routes: Iterable[Route], asked: Asked) -> Route | None:
    """Find the route of a request, and note in it what its address names."""
    for each in routes:
        if each.method == asked.method and (found := each.pattern.fullmatch(asked.path)):
            asked.names = found.groupdict()
            return each
    return None


def _pattern(template: str) -> re.Pattern[str]:
    pieces = re.split(r"\{(\w+)\}", template)
    text = "".join(
        f"(?P<{piece}>[^/]+)" if number % 2 else re.escape(piece)
        for number, piece in enumerate(pieces)
    )
    return re.compile(text)
