"""One run of the command line: parse, call, turn what went wrong into one message."""

from __future__ import annotations

import errno
import os
import signal
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fahr_core.cli import console
from fahr_core.cli.arguments import rewrite
from fahr_core.cli.group import LazyGroup
from fahr_core.errors import DiskError, FahrError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["run"]

_INTERRUPTED = 130

app = typer.Typer(
    cls=LazyGroup,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback(invoke_without_command=True)
def fahr(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
    debug: Annotated[  # noqa: ARG001 - taken out by run(), declared for the help
        bool, typer.Option("--debug", help="Show tracebacks; works after any command too.")
    ] = False,
) -> None:
    """Send a training script or notebook off, bring the trained model home."""
    if version:
        from fahr_core.version import VERSION

        console.out(f"fahr {VERSION}")
    elif context.invoked_subcommand is None:
        from fahr_core.cli.home import home_screen

        home_screen()


def run(arguments: Sequence[str]) -> int:
    """Run one command line and give its exit status; no traceback without ``--debug``."""
    words = [word for word in arguments if word != "--debug"]
    debug = len(words) < len(arguments) or bool(os.environ.get("FAHR_DEBUG"))
    console.prepare_streams()
    with suppress(ValueError):  # only the main thread may
        signal.signal(signal.SIGTERM, _terminated)
    try:
        return _called(words)
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:
        return _closed_pipe()
    except Exception as error:  # whatever it is, the user gets one message
        if debug:
            raise
        told = _told(error)
        console.error(told, as_json="--json" in words)
        return told.exit_status
    finally:
        console.clear()


def _called(words: list[str]) -> int:
    command: Any = typer.main.get_command(app)
    try:
        result = command.main(args=rewrite(words), prog_name="fahr", standalone_mode=False)
        sys.stdout.flush()
    except SystemExit as ended:  # completion ends so
        if isinstance(ended.__context__, BrokenPipeError):  # which the parser took for a failure
            raise ended.__context__ from None
        return int(ended.code or 0)
    return result if isinstance(result, int) else 0


def _told(error: Exception) -> FahrError:
    """Turn any exception into the error that is shown."""
    if isinstance(error, FahrError):
        return error
    if hasattr(error, "format_message"):  # the parser's own errors
        return _parsing_error(error)
    if isinstance(error, OSError):
        return _system_error(error)
    return FahrError(
        f"fahr itself failed: {type(error).__name__}: {error}", "--debug shows the traceback"
    )


def _parsing_error(error: Any) -> FahrError:
    command = error.ctx.command_path if getattr(error, "ctx", None) else "fahr"
    message = str(error.format_message()).rstrip(".")
    if hasattr(error, "possibilities"):
        guess = f"; did you mean {error.possibilities[0]}?" if error.possibilities else ""
        message = f"there is no option {error.option_name}{guess}"
    return UsageError(message[:1].lower() + message[1:], f"{command} --help")


def _system_error(error: OSError) -> FahrError:
    if error.errno == errno.ENOENT and not error.filename and _has_no_folder():
        return UsageError("the current folder was deleted", "cd ~")
    where = f" {error.filename}" if error.filename else ""
    if error.errno == errno.ENOSPC:
        return DiskError(f"the disk is full:{where or ' nothing more can be written'}")
    return DiskError(f"cannot use{where}: {error.strerror or error}")


def _has_no_folder() -> bool:
    try:
        os.getcwd()  # noqa: PTH109 - Path.cwd() is the same call
    except FileNotFoundError:
        return True
    return False


def _terminated(*_: object) -> None:
    raise SystemExit(143)


def _closed_pipe() -> int:
    """End quietly when the reader has gone, as in ``fahr logs | head``."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0
