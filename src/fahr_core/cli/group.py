"""The root command: lists its commands from a table and imports only the one that is called."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperGroup

from fahr_core.cli.plain_values import PlainCommand, PlainParameters
from fahr_core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["COMMANDS", "LazyGroup"]

#: Every command with its line of help, in the order of their use.
COMMANDS = {
    "init": "Choose where this folder's jobs run and write the files for it.",
    "fit": "Send a training script or notebook off as a job.",
    "status": "Tell how a job is doing.",
    "logs": "Print what a job has printed; -f follows it.",
    "wait": "Wait until a job has ended.",
    "stop": "Stop jobs.",
    "fetch": "Bring a job's output home.",
    "ls": "List your jobs.",
    "show": "Show all that is known of a job.",
    "copy": "Copy an experiment's files to start the next one.",
    "images": "List the images that fahr made, or remove what no job needs.",
    "drivers": "List the drivers, show one's settings, or check one.",
    "config": "Show every setting with its origin.",
    "doctor": "Check this machine and your accounts.",
}

_EXAMPLES = """
Examples:
  fahr fit train.py                     run it as a job
  fahr fit train.py -p epochs=20 -f     with a parameter, following its log
  fahr fetch                            bring the last output home
  fahr COMMAND --help                   options and examples of a command
"""


class LazyGroup(PlainParameters, TyperGroup):
    """A group whose commands are modules of this package, imported when they are called."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - the parser's signature
        """Give the names in the table's order."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002
        """Import a command and build its parser."""
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"fahr_core.cli.{cmd_name}_command")
        app = typer.Typer(add_completion=False, rich_markup_mode=None)
        app.command(name=cmd_name, cls=PlainCommand, help=_help_of(module))(module.command)
        return typer.main.get_command(app)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command, or say which one may be meant."""
        if args and args[0] not in COMMANDS:
            raise unknown_command(args[0], list(COMMANDS))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002
        """Print the table without importing the commands."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def format_epilog(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002
        """Print the examples as they are."""
        formatter.write(_EXAMPLES)


def unknown_command(word: str, commands: Sequence[str]) -> UsageError:
    """Make the error for a word that is no command."""
    from fahr_core.names import did_you_mean

    if word.startswith("-"):
        return UsageError(f"there is no option {word}", "fahr --help")
    guess = did_you_mean(word, commands)
    question = f"; did you mean {guess}?" if guess else ""
    if word.endswith((".py", ".ipynb")):
        return UsageError(f'"{word}" is no command', f"fahr fit {word}")
    return UsageError(f'there is no command "{word}"{question}', "fahr --help")


def _help_of(module: Any) -> str:
    """Give a command's help: its docstring, examples kept as they are written."""
    text, _, examples = (module.__doc__ or "").partition("Examples::")
    if not examples:
        return text.strip()
    return f"{text.strip()}\n\n\b\nExamples:\n{examples.strip(chr(10)).rstrip()}"
