"""Values written as text: on the command line and in the environment.

Lists may be JSON, TOML, Python or separated by commas; one pair of quotes around the whole
is stripped, since cmd.exe passes single quotes on.
"""

from __future__ import annotations

import ast
import json
import tomllib
import types
import typing
from typing import Any

__all__ = ["literal", "read_text", "unquoted"]

_TRUE = frozenset(("true", "yes", "on", "1"))
_FALSE = frozenset(("false", "no", "off", "0"))


def unquoted(text: str) -> str:
    """Strip one pair of quotes that surrounds the whole text."""
    if len(text) >= 2 and text[0] == text[-1] and text[0] in "'\"":
        return text[1:-1]
    return text


def read_text(text: str, wanted: Any) -> Any:
    """Read a text as the annotation ``wanted`` asks; what does not fit stays text.

    The settings model then refuses it with its own reason.
    """
    value = unquoted(text.strip())
    kinds = _kinds(wanted)
    if type(None) in kinds and value.lower() in ("none", "null", ""):
        return None
    if bool in kinds and value.lower() in _TRUE | _FALSE:
        return value.lower() in _TRUE
    if kinds & {list, tuple, set, frozenset}:
        return _list(text.strip())
    if dict in kinds:
        return literal(value)
    return value


def literal(text: str) -> Any:
    """Read JSON, a Python literal or a TOML value; any other text is itself.

    What JSON cannot hold (a date, a set, bytes) stays text too, and so does a value with a
    comment behind it: nobody writes a comment on a command line.
    """
    for reader in (json.loads, _python_value, _toml_value):
        try:
            value = reader(text)
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            continue
        if _fits_json(value):
            return value
    return text


# Both readers get the text within brackets: a comment, or a second statement behind the
# value, swallows the closing one and is refused.


def _python_value(text: str) -> Any:
    values = ast.literal_eval(f"[{text}]")
    if not isinstance(values, list) or not values:
        raise ValueError(text)
    alone = len(values) == 1 and not text.rstrip().endswith(",")
    return _as_lists(values[0] if alone else values)


def _toml_value(text: str) -> Any:
    (value,) = tomllib.loads(f"value = [{text}]")["value"]
    return value


def _as_lists(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [_as_lists(item) for item in value]
    if isinstance(value, dict):
        return {key: _as_lists(item) for key, item in value.items()}
    return value


def _fits_json(value: Any) -> bool:
    if isinstance(value, list):
        return all(_fits_json(item) for item in value)
    if isinstance(value, dict):
        return all(isinstance(key, str) and _fits_json(item) for key, item in value.items())
    return value is None or isinstance(value, (str, bool, int, float))


def _list(text: str) -> list[Any]:
    inside = unquoted(text).strip()
    if inside.startswith(("[", "(")) or text[:1] not in inside:  # not "a","b"
        text = inside
    if text.startswith(("[", "(")):
        value = literal(text)
        if isinstance(value, list):
            return value
        text = text.strip("[]()")  # a list whose items the shell has unquoted
    return [unquoted(item.strip()) for item in text.split(",") if item.strip()]


def _kinds(wanted: Any) -> set[Any]:
    """Give the plain classes that an annotation is made of, through unions."""
    origin = typing.get_origin(wanted)
    if origin in (typing.Union, types.UnionType):
        return {kind for part in typing.get_args(wanted) for kind in _kinds(part)}
    if origin is typing.Annotated:
        return _kinds(typing.get_args(wanted)[0])
    return {origin or wanted}
