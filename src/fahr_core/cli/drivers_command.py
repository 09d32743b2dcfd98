"""List the drivers, show one's settings, or check one.

Listing loads each driver and says how it is; a broken one is listed with its
cause. In a pipe: tab-separated, no header: role, name, origin, needs, state.

Examples::

  fahr drivers
  fahr drivers show sagemaker           what it can do, and its settings
  fahr drivers show sagemaker --json    with the JSON schema of its settings
  fahr drivers check ./my_driver.py     a path works as well as a name
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from fahr_core.cli import console, options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fahr_core.driver_listing import DriverRow
    from fahr_core.registry import Listed, Role
    from fahr_core.settings.shown import ModelRow

__all__ = ["command"]

_ROLES: tuple[Role, ...] = ("train", "build", "extension")
_ACTIONS = ("show", "check")


def command(
    action: Annotated[
        str | None, typer.Argument(metavar="[show|check]", help="Show or check one driver.")
    ] = None,
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="A driver's name, or its .py file.")
    ] = None,
    as_json: options.Json = False,
) -> int:
    """List, show or check."""
    if action is None:
        return _list(as_json=as_json)
    listed = _meant(action, name)
    return (_show if action == "show" else _check)(listed, as_json=as_json)


def _meant(action: str, name: str | None) -> Listed:
    """Find the driver of any role that is meant."""
    from fahr_core.driver_listing import find_any
    from fahr_core.errors import UsageError
    from fahr_core.names import did_you_mean, shown
    from fahr_core.registry import installed
    from fahr_core.settings.text import unquoted

    if action not in _ACTIONS:
        names = [entry.name for role in _ROLES for entry in installed(role)]
        if action in names:
            raise UsageError(f"do what with {action}?", f"fahr drivers show {action}")
        guess = did_you_mean(action, _ACTIONS)
        question = f"; did you mean {guess}?" if guess else ""
        raise UsageError(f"fahr drivers cannot {shown(action)}{question}", "fahr drivers --help")
    if name is None:
        raise UsageError(f"{action} which driver?", "fahr drivers    lists what is installed")
    return find_any(unquoted(name))


def _list(*, as_json: bool) -> int:
    from pathlib import Path

    from fahr_core.driver_listing import describe, driver_rows
    from fahr_core.registry import shadowed
    from fahr_core.settings.layers import read_layers

    layers = read_layers(Path.cwd())
    rows = {role: driver_rows(role, layers) for role in _ROLES}
    pairs = [pair for role in _ROLES for pair in shadowed(role)]
    if as_json:
        document = {role: [describe(row) for row in found] for role, found in rows.items()}
        hidden = [{"used": used.origin, "hidden": other.origin} for used, other in pairs]
        console.out_json(document | {"duplicates": hidden})
    elif sys.stdout.isatty():
        _print_tables(rows)
    else:
        _print_piped(rows)
    for used, other in pairs:
        console.note(
            f"warning: {used.name} is in {used.origin} and in {other.origin}; the first is used"
        )
    return 0


def _print_tables(rows: dict[Role, list[DriverRow]]) -> None:
    from fahr_core.cli.table import column_widths, print_table

    headers = {"train": "TRAIN", "build": "BUILD", "extension": "EXTENSION"}
    cells = {role: [_cells(row) for row in found] for role, found in rows.items()}
    titles = [[headers[role], "FROM", "NEEDS"] for role in _ROLES]
    widths = column_widths([*titles, *(row for found in cells.values() for row in found)], 3)
    first = True
    for role in _ROLES:
        if cells[role]:
            more = ["FROM", "NEEDS", "STATE"] if first else []
            print_table([headers[role], *more], cells[role], widths)
            first = False


def _print_piped(rows: dict[Role, list[DriverRow]]) -> None:
    from fahr_core.cli.table import print_fields

    for role, found in rows.items():
        for row in found:
            print_fields([role, *_cells(row)])


def _cells(row: DriverRow) -> list[str]:
    needs = ", ".join(row.info.needs) if row.info else ""
    return [row.listed.name, row.listed.origin, needs, row.state]


def _show(listed: Listed, *, as_json: bool) -> int:
    from fahr_core.cli.table import print_folded
    from fahr_core.driver_listing import describe, facts, load_driver, row_of
    from fahr_core.settings.shown import json_schema, model_rows

    info = load_driver(listed)
    if as_json:
        schema = {"settings_schema": json_schema(info.settings) if info else None}
        console.out_json(describe(row_of(listed)) | schema)
        return 0
    lines = facts(row_of(listed))
    width = max(10, max(len(name) for name, _ in lines) + 2)
    for name, text in lines:
        print_folded(name.ljust(width), text)
    if info:
        _print_settings(model_rows(info.settings))
    return 0


def _print_settings(rows: Sequence[ModelRow]) -> None:
    from fahr_core.cli.table import column_widths, print_folded

    cells = [
        [row.key, row.type, "needed" if row.default is None else row.default, row.help]
        for row in rows
    ]
    header = ["SETTING", "TYPE", "DEFAULT", "MEANING"]
    widths = column_widths([header, *cells], 3)
    console.out("")
    for number, row in enumerate([header, *cells]):
        left = "".join(cell.ljust(width + 2) for cell, width in zip(row, widths, strict=False))
        print_folded(left, row[3], style="" if number else "bold")


def _check(listed: Listed, *, as_json: bool) -> int:
    from fahr_core.cli.table import print_folded
    from fahr_core.driver_check import check_driver

    verdicts = check_driver(listed)
    broken = any(verdict.problem for verdict in verdicts)
    if as_json:
        checks = [
            {"subject": one.subject, "told": one.told, "problem": one.problem} for one in verdicts
        ]
        console.out_json({"name": listed.name, "ok": not broken, "checks": checks})
        return 2 if broken else 0
    for verdict in verdicts:
        mark = "FIX   " if verdict.problem else "ok    "
        print_folded(mark, f"{verdict.subject}: {verdict.problem or verdict.told}")
    if listed.role == "train":
        _print_kit(listed)
    return 2 if broken else 0


def _print_kit(listed: Listed) -> None:
    """Say how the whole conformance kit is run."""
    name = listed.path or listed.name
    console.note("what it does is checked by the conformance kit, in a test file:")
    for line in (
        'python -m pip install "fahr-core[testing]"',
        "from fahr_core.testing import DriverContract",
        "class TestDriver(DriverContract):",
        f"    driver = {name!r}",
    ):
        console.note(f"  {line}")
