"""Kinds of values that several drivers' settings have; importing them costs pydantic alone."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator

from fahr_core.durations import parse_duration
from fahr_core.errors import UsageError

__all__ = ["Seconds"]


def _seconds(value: Any) -> Any:
    """Read a duration such as ``2h``; a number is seconds."""
    if not isinstance(value, str) or value.isdigit():
        return value
    try:
        seconds = parse_duration(value)
    except UsageError as error:
        raise ValueError(f"{error.message}; {error.hints[0]}") from error
    return int(seconds) if seconds == int(seconds) else seconds


#: A duration in whole seconds, which may be written ``2h``.
Seconds = Annotated[int, BeforeValidator(_seconds)]
