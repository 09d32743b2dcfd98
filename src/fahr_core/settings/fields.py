"""Kinds of values that several drivers' settings have; importing them costs pydantic alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BeforeValidator

from fahr_core.durations import parse_duration
from fahr_core.errors import UsageError

if TYPE_CHECKING:
    from pydantic import ValidationError

__all__ = ["Kind", "Seconds", "line_errors"]


@dataclass(frozen=True, slots=True)
class Kind:
    """The word that people read for a type, among the metadata of ``Annotated``."""

    word: str


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
Seconds = Annotated[int, BeforeValidator(_seconds), Kind("duration")]


def line_errors(error: ValidationError) -> list[Any]:
    """Give the errors in the shape that a new error is made of, to which others are added."""
    from pydantic_core import PydanticCustomError

    return [
        {
            "type": "missing"
            if found["type"] == "missing"
            else PydanticCustomError(found["type"], "{text}", {"text": found["msg"]}),
            "loc": found["loc"],
            "input": found["input"],
        }
        for found in error.errors()
    ]
