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
    if list in kinds or tuple in kinds:
        return _list(value)
    if dict in kinds:
        return literal(value)
    return value


def literal(text: str) -> Any:
    """Read JSON, a TOML value or a Python literal; any other text is itself."""
    for reader in (json.loads, ast.literal_eval, _toml_value):
        try:
            return reader(text)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            continue
    return text


def _toml_value(text: str) -> Any:
    return tomllib.loads(f"value = {text}")["value"]


def _list(text: str) -> list[Any]:
    if text.startswith(("[", "(")):
        value = literal(text)
        if isinstance(value, (list, tuple)):
            return list(value)
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
