"""The mark in a file that fahr wrote, by which it knows whether somebody edited it since.

The mark holds a hash of the rest of the file, in which line endings do not count.  In most
files it is a comment, put below the lines that have to be first; in JSON a key, and there the
layout does not count either.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

from fahr_core.errors import DriverError

__all__ = ["is_unedited", "mark", "unmark"]

KEY = "_fahr"
_LINE = re.compile(r"# written by fahr ([0-9a-f]{16}): once edited, it is left alone")
#: A shebang, Docker's parser directives, Python's encoding: comments that have to be first.
_FIRST = re.compile(r"#!|#\s*(syntax|escape|check)\s*=|#.*coding[:=]", re.IGNORECASE)


def mark(text: str, kind: str = "comment") -> str:
    """Give ``text`` with fahr's mark: ``kind`` is ``comment``, ``json`` or ``none``.

    Raises:
        DriverError: a JSON text that is no object.
    """
    if kind == "none":
        return text
    if kind == "json":
        return _mark_json(text)
    lines = _lines(text)
    place = next((n for n, line in enumerate(lines) if not _FIRST.match(line)), len(lines))
    if place == len(lines):  # such a line is all there is
        lines.append("")
    line = f"# written by fahr {_hash(text)}: once edited, it is left alone"
    return "\n".join([*lines[:place], line, *lines[place:]])


def unmark(text: str, kind: str = "comment") -> tuple[str, str | None]:
    """Give ``text`` without the mark, and the hash that the mark holds, None without one."""
    if kind == "json":
        return _unmark_json(text)
    lines = _lines(text)
    for number, line in enumerate(lines):
        if kind != "none" and (found := _LINE.fullmatch(line)):
            return "\n".join(lines[:number] + lines[number + 1 :]), found[1]
        if not _FIRST.match(line):
            break
    return text, None


def is_unedited(text: str, kind: str = "comment") -> bool:
    """Tell whether a text is as fahr wrote it; a file without a mark is somebody's own.

    A kind that bears no mark is fahr's own, always.
    """
    if kind == "none":
        return True
    rest, noted = unmark(text, kind)
    return noted is not None and noted == (_json_hash(rest) if kind == "json" else _hash(rest))


def _lines(text: str) -> list[str]:
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _hash(text: str) -> str:
    # Line ends at the end are the taste of editors.
    plain = "\n".join(_lines(text)).rstrip("\n")
    return hashlib.sha256(plain.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _mark_json(text: str) -> str:
    content = _object(text)
    if content is None:
        raise DriverError("a rendered file that should be a JSON object is none")
    content.pop(KEY, None)
    return _laid_out({**content, KEY: _json_hash(json.dumps(content))})


def _unmark_json(text: str) -> tuple[str, str | None]:
    content = _object(text)
    if content is None or not isinstance(content.get(KEY), str):
        return text, None
    noted = content.pop(KEY)
    return _laid_out(content), noted


def _json_hash(text: str) -> str:
    return _hash(json.dumps(json.loads(text), sort_keys=True))


def _laid_out(content: dict[str, Any]) -> str:
    text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    try:
        text.encode()
    except UnicodeEncodeError:  # half of a surrogate pair, written as an escape
        return json.dumps(content, indent=2) + "\n"
    return text


def _object(text: str) -> dict[str, Any] | None:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) else None
