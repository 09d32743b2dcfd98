"""Copy an experiment's files to start the next one.

Takes Dockerfile, run.sh, the environment file with its lock, fahr.toml and
kernel-metadata.json, as far as they are there. Files of the destination are
kept unless told otherwise.

Examples::

  fahr copy ../resnet48_128 ../resnet96_128
  fahr copy ../resnet48_128/ ./ --include-training-artifact=train.py
  fahr copy ../resnet48_128 . --overwrite
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fahr_core.cli import console, options

__all__ = ["command"]


def command(
    source: Annotated[str, typer.Argument(metavar="SRC", help="The experiment to copy.")],
    destination: Annotated[
        str, typer.Argument(metavar="DEST", help="The next one's folder, made when missing.")
    ],
    include: Annotated[
        str | None,
        typer.Option(
            "--include-training-artifact",
            metavar="FILE",
            help="The training artifact to take along; None for none.",
        ),
    ] = None,
    overwrite: options.Overwrite = False,
) -> None:
    """Copy."""
    from fahr_core.copying import copy_experiment
    from fahr_core.settings.text import unquoted

    report = copy_experiment(
        Path(unquoted(source)).expanduser(),
        Path(unquoted(destination)).expanduser(),
        include_artifact=None if include is None else unquoted(include),
        overwrite=overwrite,
    )
    if report.copied:
        console.stage("copied", ", ".join(report.copied))
    if report.kept:
        console.stage("kept", f"{', '.join(report.kept)}    --overwrite replaces them")
    console.out(destination)
