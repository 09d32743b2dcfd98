"""List the images that fahr made, or remove those that nobody needs any more.

In the engine's store, or with --registry in registries: --registry alone means
the repositories that your recorded jobs took images from. An image that an
unfinished job needs is never removed, nor one that fahr did not make. In a
pipe: tab-separated: kind, name, bytes, made, last used, folder, digest.

Examples::

  fahr images ls
  fahr images ls --registry
  fahr images prune --older-than 30d --dry-run
  fahr images prune --unused --yes
  fahr images prune --registry=HOST/REPOSITORY
"""

from __future__ import annotations

from importlib import import_module
from typing import Annotated, Any

import typer

from fahr_core.cli import options  # noqa: TC001 - the parser reads the annotations

__all__ = ["command"]

_ACTIONS = ("ls", "prune")


def command(
    action: Annotated[
        str | None, typer.Argument(metavar="[ls|prune]", help="List (the default) or remove.")
    ] = None,
    registry: Annotated[
        list[str] | None,
        typer.Option(
            "--registry",
            metavar="[=HOST/REPOSITORY]",
            help="Look in this repository, or in all that your jobs used.",
        ),
    ] = None,
    older_than: Annotated[
        str | None,
        typer.Option(
            "--older-than", metavar="TIME", help="Prune what was not used for so long; else 30d."
        ),
    ] = None,
    unused: Annotated[
        bool, typer.Option("--unused", help="Prune only what no recorded job has used.")
    ] = False,
    others: Annotated[
        bool,
        typer.Option("--others", help="In a registry: prune what this machine never used, too."),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be removed, and stop.")
    ] = False,
    yes: options.Yes = False,
    as_json: options.Json = False,
) -> None:
    """List or prune."""
    from fahr_core.durations import parse_duration

    prunes = _is_prune(action)
    age = parse_duration(older_than) if older_than else None
    repositories = registry or []
    if not prunes:
        _refuse({"--older-than": older_than, "--unused": unused, "--others": others})
        _plugins("listing").list_images(repositories, as_json=as_json)
        return
    wanted = _plugins("pruning").Wanted(older_than=age, unused=unused, others=others)
    _plugins("pruning").prune_images(
        repositories, wanted, dry_run=dry_run, yes=yes, as_json=as_json
    )


def _is_prune(action: str | None) -> bool:
    from fahr_core.errors import UsageError
    from fahr_core.names import did_you_mean, shown

    if action is None or action in _ACTIONS:
        return action == "prune"
    guess = did_you_mean(action, _ACTIONS)
    question = f"; did you mean {guess}?" if guess else ""
    raise UsageError(f"fahr images cannot {shown(action)}{question}", "fahr images --help")


def _refuse(given: dict[str, Any]) -> None:
    """Refuse options that only mean something for ``prune``."""
    from fahr_core.errors import UsageError

    for name, value in given.items():
        if value:
            word = f"{name} {value}" if isinstance(value, str) else name
            raise UsageError(f"{name} is for pruning", f"fahr images prune {word}")


def _plugins(part: str) -> Any:
    """Import a part of the command from fahr-docker, which makes the images.

    Raises:
        DriverError: it is not installed.
    """
    from fahr_core.errors import DriverError
    from fahr_core.registry import install_line

    try:
        return import_module(f"fahr_docker.images_command.{part}")
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "fahr_docker":
            raise
        raise DriverError(
            "fahr images needs fahr-docker, which makes them and is not installed",
            install_line("docker"),
        ) from error
