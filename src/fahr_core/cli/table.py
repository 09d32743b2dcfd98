"""Rows in columns: aligned for people, separated by tabs for programs."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from fahr_core.cli import console

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["column_widths", "print_fields", "print_folded", "print_table"]

_GAP = "  "


def print_fields(fields: Sequence[str]) -> None:
    """Print a row for a program: nothing cut, blanks within a field made single."""
    console.out("\t".join(" ".join(field.split()) for field in fields))


def print_table(
    header: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[int]
) -> None:
    """Print rows under a header, aligned by ``widths``, cut at the terminal's width."""
    room = console.width(sys.stdout)
    for number, row in enumerate([header, *rows]):
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        line = _cut(_GAP.join([*cells, *row[len(cells) :]]).rstrip(), room)
        console.out(line if number else console.styled(line, "bold", sys.stdout))


def column_widths(rows: Sequence[Sequence[str]], columns: int) -> list[int]:
    """Give the widths of the first columns, as wide as their longest cell."""
    return [max(len(row[column]) for row in rows) for column in range(columns)]


def _cut(line: str, room: int) -> str:
    return line if len(line) <= room else line[: room - 3].rstrip() + "..."


def print_folded(left: str, text: str, *, style: str = "") -> None:
    """Print a text in the room that is left beside ``left``; beneath, where that is little.

    The style is that of ``left``, and of a text that fits on its line.
    """
    import textwrap

    width = console.width(sys.stdout)
    if width - len(left) < 24:
        console.out(_styled(left.rstrip(), style))
        left, style = "    ", ""
    wrapper = textwrap.TextWrapper(width - len(left), break_long_words=False)
    wrapper.break_on_hyphens = False
    first, *more = wrapper.wrap(text) or [""]
    console.out(_styled(left, style) + first if first else _styled(left.rstrip(), style))
    for line in more:
        console.out(" " * len(left) + line)


def _styled(text: str, style: str) -> str:
    return console.styled(text, style, sys.stdout) if style else text
