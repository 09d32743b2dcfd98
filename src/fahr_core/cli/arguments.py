"""Arguments made strict before the parser sees them.

``--config.key=value`` cannot be declared, and a parser that lets unknown options through
takes a misspelt flag for the training artifact.  So the free form is rewritten to
``-c key=value`` here, and the parser stays strict.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fahr_core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["rewrite"]

_CONFIG = "--config."


def rewrite(arguments: Sequence[str]) -> list[str]:
    """Give the arguments as the parser wants them; what follows ``--`` is left alone.

    Raises:
        UsageError: the shell has cut a list in two.
    """
    rewritten: list[str] = []
    for position, argument in enumerate(arguments):
        if argument == "--":
            return [*rewritten, *arguments[position:]]
        if argument.startswith(_CONFIG):
            _check_whole(argument, arguments[position + 1 :])
            rewritten += ["-c", argument.removeprefix(_CONFIG)]
        elif argument == "--gpu":
            rewritten.append("--gpu=any")
        elif argument == "--chain" and not _is_count(arguments[position + 1 :]):
            rewritten.append("--chain=true")
        elif argument == "--registry" and not _has_value(arguments[position + 1 :]):
            rewritten.append("--registry=known")
        elif argument == "--driver" or argument.startswith("--driver="):
            rewritten.append(argument.replace("--driver", "--train-driver", 1))
        else:
            rewritten.append(argument)
    return rewritten


def _is_count(following: Sequence[str]) -> bool:
    return bool(following) and following[0].isdecimal()


def _has_value(following: Sequence[str]) -> bool:
    return bool(following) and not following[0].startswith("-")


def _check_whole(argument: str, following: Sequence[str]) -> None:
    """Find ``--config.key=[a, b]`` that the shell has split at the blank."""
    key, _, value = argument.removeprefix(_CONFIG).partition("=")
    if value.count("[") <= value.count("]"):
        return
    parts = [value]
    for other in following:
        if other.startswith("-"):
            return
        parts.append(other)
        if other.endswith("]"):
            break
    else:
        return
    items = [part.strip("[]\"', ") for part in " ".join(parts).split(",")]
    raise UsageError(
        f'"{parts[1]}" is left over: your shell cut a list in two',
        f'--config.{key}="{",".join(filter(None, items))}"',
    )
