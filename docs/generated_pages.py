"""Writes the pages of the reference that are made from the code."""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from fahr_core.registry import Listed

CORE = "fahr_core.settings.model:CoreSettings"
#: Names of settings' variables that mean something else: they are given to a job.
NOT_SETTINGS = {"FAHR_PARAMS"}


def write_pages(folder: Path) -> None:
    """Write every generated page; one that has not changed keeps its time."""
    pages = {
        "commands.md": commands_page(),
        "settings.md": settings_page(),
        "models.md": models_page(),
        "errors.md": errors_page(),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages.items():
        file = folder / name
        if not file.exists() or file.read_text("utf-8") != text:
            file.write_text(text, "utf-8")


def commands_page() -> str:
    """Give the page of all commands, from the parsers that read them."""
    from fahr_core.cli.group import COMMANDS

    head = [
        "# Commands",
        "",
        "Made from the commands themselves. Results go to stdout, everything else to stderr; "
        "see [exit status](../exit-status.md) for how a command ends.",
        "",
        table(
            ["command", "what it does"],
            [[link(name), options_as_code(text)] for name, text in COMMANDS.items()],
        ),
    ]
    return "\n".join([*head, *(command_section(name) for name in COMMANDS)])


def link(name: str) -> str:
    """Link to a command's section."""
    return f"[`fahr {name}`](#fahr-{name})"


def command_section(name: str) -> str:
    """Describe one command."""
    command = parser_of(name)
    text, _, examples = inspect.cleandoc(command.help or "").partition("\b\nExamples:\n")
    text = options_as_code(text)
    arguments = [item for item in command.params if item.param_type_name == "argument"]
    options = [item for item in command.params if item.param_type_name == "option"]
    parts = [f"## fahr {name}", "", text.strip(), "", fenced(usage(command, name))]
    if arguments:
        rows = [[f"`{label(item)}`", item.help or ""] for item in arguments]
        parts += [table(["argument", "meaning"], rows)]
    rows = [[spelling(i), options_as_code(i.help or "")] for i in options if not i.hidden]
    parts += [table(["option", "meaning"], rows)]
    if examples:
        parts += ["Examples:", "", fenced(inspect.cleandoc(examples))]
    return "\n".join(parts)


def options_as_code(text: str) -> str:
    """Mark the options in a text, whose two hyphens would become one dash."""
    return re.sub(r"(?<![\w-])--?[a-zA-Z][\w.-]*(?:=\w+)?", lambda found: f"`{found[0]}`", text)


def parser_of(name: str) -> Any:
    """Give the parser of a command, as the command line uses it."""
    import typer

    from fahr_core.cli.app import app

    group: Any = typer.main.get_command(app)
    return group.get_command(None, name)


def usage(command: Any, name: str) -> str:
    """Give a command's usage, as its help begins."""
    context = command.context_class(command, info_name=f"fahr {name}")
    return " ".join([f"fahr {name}", *command.collect_usage_pieces(context)])


def label(item: Any) -> str:
    """Give the name that the help has for an argument."""
    return str(item.metavar or item.name.upper())


def spelling(item: Any) -> str:
    """Give an option as it is typed."""
    value = "" if item.is_flag or not item.metavar else " " + item.metavar
    if value.startswith(" [="):
        value = value.strip()
    return ", ".join(f"`{option}{value}`" for option in item.opts)


def settings_page() -> str:
    """Give the page of all settings: the core's and those of the drivers that are here."""
    from fahr_core import registry

    head = [
        "# Settings",
        "",
        "Made from the models that read them. [Settings and their layers](../../howto/settings.md) "
        "says where they can be written.",
        "",
        "## Core",
        "",
        "What holds on every driver: at the top of `fahr.toml`, in `FAHR_<KEY>`, or by "
        "`-c KEY=VALUE`.",
        "",
        model_table(CORE, "FAHR_"),
    ]
    drivers = [*registry.installed("train"), *registry.installed("build")]
    return "\n".join([*head, *(driver_section(listed) for listed in drivers)])


def driver_section(listed: Listed) -> str:
    """Describe a driver's settings."""
    from fahr_core.settings.layers import table_name

    info = info_of(listed)
    name = table_name(listed.name)
    return "\n".join(
        [
            f"## {listed.role.capitalize()} driver {listed.name}",
            "",
            f"From `{listed.distribution}`: {info.title}. In the table `[{name}]` of `fahr.toml`, "
            f"in `FAHR_{name.upper()}__<KEY>`, or by `-c KEY=VALUE`.",
            "",
            model_table(info.settings, f"FAHR_{name.upper()}__"),
            *capabilities(info),
        ]
    )


def info_of(listed: Listed) -> Any:
    """Ask a driver what it says of itself."""
    from fahr_core import registry

    driver: Any = registry.load(listed)
    return driver.train_info() if listed.role == "train" else driver.build_info()


def capabilities(info: Any) -> list[str]:
    """List what a driver declares."""
    declared = sorted(getattr(info, "capabilities", ()))
    if not declared:
        return []
    return ["Capabilities: " + ", ".join(f"`{name}`" for name in declared) + ".", ""]


def model_table(place: str, prefix: str) -> str:
    """Give a settings model as a table."""
    from fahr_core.settings.resolve import load_model
    from fahr_core.settings.shown import type_of

    rows = []
    for name, field in load_model(place).model_fields.items():
        default = "required" if field.is_required() else f"`{field.default!r}`"
        rows.append([f"`{name}`", type_of(field), default, field.description or ""])
        if (variable := prefix + name.upper()) not in NOT_SETTINGS:
            rows[-1][3] += f" `{variable}`"
    return table(["key", "type", "default", "meaning"], rows)


def models_page() -> str:
    """Give the page of the data classes, by the file that each is in."""
    from fahr_core import models

    files: dict[str, list[Any]] = {}
    for name in models.__all__:
        value = getattr(models, name)
        files.setdefault(value.__module__, []).append(value)
    parts = ["# Models", "", directive("automodule", "fahr_core.models")]
    for place, values in files.items():
        parts += [f"## {place.rpartition('.')[2].replace('_', ' ').capitalize()}", ""]
        parts += [described(value) for value in values]
    return "\n".join(parts)


def described(value: Any) -> str:
    """Give the directive that describes a class or a function."""
    from enum import Enum

    place = f"{value.__module__}.{value.__qualname__}"
    if not isinstance(value, type):
        return directive("autofunction", place)
    members = ("members", "undoc-members") if issubclass(value, Enum) else ()
    return directive("autoclass", place, *members)


def errors_page() -> str:
    """Give the page of the errors: their tree, and each."""
    from fahr_core import errors

    parts = ["# Errors", "", directive("automodule", "fahr_core.errors")]
    parts += [
        directive("autoexception", f"fahr_core.errors.{name}", "show-inheritance")
        for name in errors.__all__
    ]
    return "\n".join(parts)


def directive(name: str, argument: str, *options: str) -> str:
    """Give a directive of autodoc, which reads docstrings."""
    lines = ["```{eval-rst}", f".. {name}:: {argument}", *(f"   :{word}:" for word in options)]
    return "\n".join([*lines, "```", ""])


def table(head: list[str], rows: list[list[str]]) -> str:
    """Give a table of Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    cells = [[" ".join(cell.split()).replace("|", "\\|") for cell in line] for line in lines]
    return "\n".join(["| " + " | ".join(line) + " |" for line in cells] + [""])


def fenced(text: str) -> str:
    """Give text as a block."""
    return f"```text\n{text}\n```\n"
