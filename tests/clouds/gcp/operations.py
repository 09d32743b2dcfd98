"""Long-running operations: what they made is there before they are done."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from tests.clouds.gcp.errors import ApiError
from tests.clouds.gcp.routes import route

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.clouds.gcp.asked import Asked


class Operations:
    """All operations; each is done when it was asked after often enough."""

    def __init__(self) -> None:
        """Begin with none."""
        self._numbers = itertools.count(1)
        self._known: dict[str, dict[str, Any]] = {}
        self._left: dict[str, int] = {}
        self._finish: dict[str, Callable[[], None]] = {}
        #: How many times an operation is told to be under way.
        self.slowness = 1

    def reset(self) -> None:
        """Forget all."""
        self._known.clear()
        self.slowness = 1

    def begin(self, parent: str, response: dict[str, Any], finish: Callable[[], None]) -> Any:
        """Begin an operation below ``projects/P/locations/L``; `finish` is called at its end."""
        name = f"{parent}/operations/{next(self._numbers):08d}-1111-4222-8333-000000000000"
        self._known[name] = {"name": name, "done": False}
        self._left[name] = self.slowness
        self._finish[name] = finish
        self._known[name]["_response"] = response
        if not self.slowness:
            self._end(name)
        return self._shown(name)

    @route(
        "GET /v1/projects/{project}/locations/{location}/operations/{operation}",
        "operations:get",
    )
    def get(self, asked: Asked) -> Any:
        """Tell whether an operation is done."""
        name = asked.path.removeprefix("/v1/")
        if name not in self._known:
            raise ApiError(404, f"Operation not found: {name}")
        self._left[name] -= 1
        if self._left[name] < 0 and not self._known[name]["done"]:
            self._end(name)
        return self._shown(name)

    def _end(self, name: str) -> None:
        self._finish[name]()
        self._known[name] |= {"done": True, "response": self._known[name]["_response"]}

    def _shown(self, name: str) -> dict[str, Any]:
        known = self._known[name]
        return {
            key: value
            for key, value in known.items()
            if key in ("name", "response") or value is True
        }
