"""Show every setting with its origin.

Weakest first: default, user settings, [tool.fahr] of pyproject.toml, fahr.toml,
environment variables, command line. In a pipe: tab-separated, nothing cut.

Examples::

  fahr config
  fahr config timeout local.grace
  fahr config local                     the settings of one driver
  FAHR_LOCAL__GRACE=5 fahr config local --json
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fahr_core.cli import console, options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fahr_core.settings.shown import ValueRow

__all__ = ["command"]

_VALUE_ROOM = 40


def command(
    keys: Annotated[
        list[str] | None, typer.Argument(metavar="[KEY]...", help="Settings, or a driver's all.")
    ] = None,
    train_driver: options.TrainDriver = None,
    config: options.Config = None,
    as_json: options.Json = False,
) -> None:
    """Show."""
    from fahr_core.settings.shown import folder_rows

    rows, faults = folder_rows(Path.cwd(), config or (), train_driver=train_driver)
    chosen = _chosen(rows, keys or [])
    if as_json:
        document = {row.key: {"value": row.value, "origin": row.origin} for row in chosen}
        console.out_json(document)
    elif sys.stdout.isatty():
        _print_rows(chosen)
    else:
        _print_piped(chosen)
    for fault in faults:
        console.note(console.folded(f"warning: {fault}", sys.stderr))


def _chosen(rows: Sequence[ValueRow], keys: Sequence[str]) -> list[ValueRow]:
    """Give the rows of the keys that are named, of all when none is."""
    from fahr_core.errors import SettingsError
    from fahr_core.names import did_you_mean, shown

    chosen: list[ValueRow] = []
    for key in keys:
        word = key.replace("-", "_")
        found = [row for row in rows if _is_meant(row.key.replace("-", "_"), word)]
        if not found:
            guess = did_you_mean(word, [row.key for row in rows])
            question = f"; did you mean {guess}?" if guess else ""
            raise SettingsError(f"there is no setting {shown(key)} here{question}", "fahr config")
        chosen += found
    return chosen if keys else list(rows)


def _is_meant(key: str, word: str) -> bool:
    driver, _, name = key.rpartition(".")
    return word in (key, name, driver)


def _print_piped(rows: Sequence[ValueRow]) -> None:
    from fahr_core.cli.table import print_fields
    from fahr_core.settings.shown import value_text

    for row in rows:
        value = "" if row.value is None else value_text(row.value)
        print_fields([row.key, value, row.origin])


def _print_rows(rows: Sequence[ValueRow]) -> None:
    from fahr_core.cli.table import column_widths, print_table
    from fahr_core.settings.shown import value_text

    header = ["SETTING", "VALUE", "FROM"]
    cells = [[row.key, "-" if row.value is None else value_text(row.value)] for row in rows]
    room = max(10, min(_VALUE_ROOM, console.width(sys.stdout) - 2 - _origins(rows, cells)))
    table = [
        [key, value if len(value) <= room else value[: room - 3] + "...", row.origin]
        for (key, value), row in zip(cells, rows, strict=True)
    ]
    print_table(header, table, column_widths([header, *table], 2))


def _origins(rows: Sequence[ValueRow], cells: Sequence[Sequence[str]]) -> int:
    """Give how much the keys and the origins need."""
    keys = max((len(key) for key, _ in cells), default=0)
    return keys + 2 + max((len(row.origin) for row in rows), default=0)
