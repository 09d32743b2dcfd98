"""Values of this package as JSON and back, without loss."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import Any, TypeVar

from fahr_core.errors import FahrError

__all__ = ["dumps", "from_json", "loads", "to_json"]

T = TypeVar("T")


def to_json(value: Any) -> Any:
    """Turn a value of this module into what :func:`json.dumps` takes.

    Raises:
        FahrError: for a :class:`Login`, at any depth.
    """
    if hasattr(value, "refuse_json"):
        value.refuse_json()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: to_json(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): to_json(item) for key, item in value.items()}
    if isinstance(value, (frozenset, set)):
        return sorted(to_json(item) for item in value)
    if isinstance(value, (tuple, list)):
        return [to_json(item) for item in value]
    return value


def from_json(kind: type[T], data: Any) -> T:
    """Make a ``kind`` of this module again from what :func:`to_json` gave.

    Unknown fields are ignored, so that an older fahr reads what a newer one wrote.

    Raises:
        FahrError: when the data do not fit, which names the field.
    """
    import msgspec

    try:
        return msgspec.convert(data, kind)
    except msgspec.ValidationError as error:
        raise FahrError(f"not a {kind.__name__}: {error}") from error


def dumps(value: Any) -> str:
    """Give the JSON text of a value of this module, the same for the same value.

    It is ASCII: a file name that is no UTF-8 can be written down nowhere else.
    """
    return json.dumps(to_json(value), sort_keys=True, separators=(",", ":"))


def loads(kind: type[T], text: str) -> T:
    """Make a ``kind`` again from the text that :func:`dumps` gave."""
    return from_json(kind, json.loads(text))
