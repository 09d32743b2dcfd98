"""Partial answers: only the fields that a request asks for by ``fields``.

Source: "Performance tips: partial response" (Cloud Storage) and "System parameters" (Google APIs).
"""

from __future__ import annotations

import re
from typing import Any

from tests.clouds.gcp.errors import invalid

TOKEN = re.compile(r"([^,()/]+)|([,()/])")
Mask = dict[str, "Mask"]


def selected(content: Any, text: str) -> Any:
    """Give the part of a document that ``items(name,size),nextPageToken`` asks for.

    Raises:
        ApiError: the text cannot be read.
    """
    tokens = [found[0] for found in TOKEN.finditer(text)]
    mask = _masks(tokens)
    if tokens:
        raise invalid(f"Invalid field selection {text}")
    return _kept(content, mask)


def _masks(tokens: list[str]) -> Mask:
    """Read what is joined by commas; takes what it reads from the list."""
    found: Mask = {}
    while tokens and re.match(r"[^,()/]", tokens[0]):
        _merge(found, *_mask(tokens))
        if not tokens or tokens[0] != ",":
            break
        tokens.pop(0)
    return found


def _mask(tokens: list[str]) -> tuple[str, Mask]:
    """Read one field, with what is wanted below it (nothing: all)."""
    name = tokens.pop(0).strip()
    if tokens and tokens[0] == "/":
        tokens.pop(0)
        if not tokens:
            raise invalid(f"Invalid field selection {name}/")
        return name, dict([_mask(tokens)])
    if tokens and tokens[0] == "(":
        tokens.pop(0)
        below = _masks(tokens)
        if not tokens or tokens.pop(0) != ")":
            raise invalid(f"Invalid field selection {name}")
        return name, below
    return name, {}


def _merge(masks: Mask, name: str, below: Mask) -> None:
    if name in masks and masks[name] and below:
        masks[name].update(below)
    else:
        masks[name] = below


def _kept(content: Any, mask: Mask) -> Any:
    if not mask or "*" in mask:
        below = mask.get("*", {})
        if not below or not isinstance(content, dict):
            return content
        return {name: _kept(value, below) for name, value in content.items()}
    if isinstance(content, list):
        return [_kept(item, mask) for item in content]
    if not isinstance(content, dict):
        return content
    return {name: _kept(content[name], below) for name, below in mask.items() if name in content}
