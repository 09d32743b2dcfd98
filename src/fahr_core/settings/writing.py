"""Change a settings file so that what a person wrote in it stays: comments, order, blanks.

A change is made by lines, tried at every place where it could belong, and taken where the
file then says exactly what it should.  So a text within a text, an array over many lines or
a table written with dots cannot mislead it: at worst no place fits, and the file is kept.
"""

from __future__ import annotations

import copy
import os
import re
import tempfile
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fahr_core.errors import DiskError, SettingsError
from fahr_core.settings.layers import table_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["changed_text", "read_settings_text", "toml_value", "write_settings_text"]

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_HEADER = re.compile(r"\s*\[")


def read_settings_text(path: Path) -> str:
    """Give the text of a settings file with its line ends; empty where there is none.

    Raises:
        SettingsError: it cannot be read, or is no TOML.
    """
    try:
        text = path.read_bytes().decode()
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise SettingsError(f"cannot read {path.name}: {reason}") from error
    try:
        tomllib.loads(text.removeprefix("\ufeff"))
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path.name} is not valid TOML: {error}") from error
    return text


def changed_text(text: str, values: Mapping[tuple[str, str], Any]) -> str:
    """Give a settings file's text with these values set, all else as it was.

    Args:
        text: What the file holds now, valid TOML.
        values: Values by whose (a driver, ``""`` for the core) and key.

    Raises:
        SettingsError: a value cannot be set without writing the file anew, which names the
            line to write by hand.
    """
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    text = text.removeprefix(mark)
    for (whose, key), value in values.items():
        text = _with(text, whose, key, value)
    return mark + text


def write_settings_text(path: Path, text: str) -> None:
    """Replace a settings file whole; a link stays one, and so do the rights.

    Raises:
        DiskError: it cannot be written.
    """
    target = path.resolve()
    temporary = ""
    try:
        descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix=".fahr-")
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(text.encode())
        Path(temporary).chmod(target.stat().st_mode & 0o777 if target.exists() else 0o644)
        Path(temporary).replace(target)
    except OSError as error:
        raise DiskError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        if temporary:
            Path(temporary).unlink(missing_ok=True)


def toml_value(value: Any) -> str:
    """Give a value as TOML on one line.

    Raises:
        SettingsError: TOML has no such value.
    """
    import tomli_w

    if isinstance(value, dict):
        items = (f"{_key(name)} = {toml_value(item)}" for name, item in value.items())
        return "{ " + ", ".join(items) + " }" if value else "{}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(toml_value(item) for item in value) + "]"
    try:
        line = tomli_w.dumps({"v": value})
        line.encode()
    except (TypeError, ValueError) as error:
        raise SettingsError(f"a settings file cannot hold {value!r}") from error
    return line.removeprefix("v = ").rstrip("\n")


def _with(text: str, whose: str, key: str, value: Any) -> str:
    document = tomllib.loads(text)
    table, name = _named(document, whose, key)
    wanted = copy.deepcopy(document)
    holder = wanted.setdefault(table, {}) if table else wanted
    if name in holder and holder[name] == value and type(holder[name]) is type(value):
        return text
    holder[name] = value
    assignment = f"{_key(name)} = {toml_value(value)}"
    there = name in (document.get(table, {}) if table else document)
    tries = _replaced(text, name, assignment) if there else _added(text, table, assignment)
    for candidate in tries:
        if _says(candidate, wanted):
            return candidate
    header = f"[{_key(table)}] " if table else ""
    raise SettingsError(
        "fahr.toml cannot be changed without losing what you wrote",
        f"write there: {header}{assignment}",
    )


def _named(document: Mapping[str, Any], whose: str, key: str) -> tuple[str, str]:
    """Give table and key as the file writes them: ``local-gpu`` may be ``local_gpu``."""
    if not whose:
        if key.startswith("output_"):
            return "output", key.removeprefix("output_")
        return "", key
    tables = (name for name, item in document.items() if isinstance(item, dict))
    table = next((name for name in tables if table_name(name) == table_name(whose)), whose)
    keys = (name for name in document.get(table, {}) if name.replace("-", "_") == key)
    return table, next(keys, key)


def _replaced(text: str, name: str, assignment: str) -> Iterator[str]:
    """Put the assignment in place of every line that may be the old one, or of several."""
    lines = text.splitlines(keepends=True)
    begins = re.compile(rf"(\s*)[\"']?{re.escape(name)}[\"']?\s*=")
    for first, line in enumerate(lines):
        if found := begins.match(line):
            for last in range(first, len(lines)):
                end = _line_end(lines[last])
                comment = _comment(lines[first]) if first == last else ""
                new = f"{found[1]}{assignment}{comment}{end}"
                yield "".join([*lines[:first], new, *lines[last + 1 :]])


def _added(text: str, table: str, assignment: str) -> Iterator[str]:
    """Put the assignment behind the last line of its table, or with a new table at the end."""
    lines = text.splitlines(keepends=True)
    end = "\r\n" if "\r\n" in text else "\n"
    for place in _places(lines, table):
        yield _inserted(lines, place, assignment + end, end)
    if table:
        gap = end if text.strip() else ""
        yield _inserted(lines, len(lines), f"{gap}[{_key(table)}]{end}{assignment}{end}", end)


def _places(lines: Sequence[str], table: str) -> Iterator[int]:
    """Give where a key of the table may go, best first: above blanks and the next's comments."""
    headers = [number for number, line in enumerate(lines) if _HEADER.match(line)]
    own = re.compile(rf"\s*\[\s*[\"']?{re.escape(table)}[\"']?\s*\]")
    for start in [n for n in headers if own.match(lines[n])] if table else [-1]:
        end = next((number for number in headers if number > start), len(lines))
        place = end
        while place - 1 > start and (end < len(lines) or not lines[place - 1].strip()):
            if not re.match(r"\s*(#|$)", lines[place - 1]):
                break
            place -= 1
        yield from dict.fromkeys((place, end, start + 1))


def _inserted(lines: Sequence[str], place: int, new: str, end: str) -> str:
    before = "".join(lines[:place])
    if before and not before.endswith("\n"):
        before += end
    return before + new + "".join(lines[place:])


def _comment(line: str) -> str:
    """Give the comment behind a value, with the blanks before it."""
    for found in re.finditer(r"\s*#", line):
        try:
            tomllib.loads(line[: found.start()])
        except tomllib.TOMLDecodeError:
            continue  # this sign is part of a text
        return line[found.start() :].rstrip("\r\n")
    return ""


def _line_end(line: str) -> str:
    return line[len(line.rstrip("\r\n")) :] or "\n"


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else toml_value(name)


def _says(text: str, wanted: Mapping[str, Any]) -> bool:
    try:
        return tomllib.loads(text) == wanted
    except tomllib.TOMLDecodeError:
        return False
