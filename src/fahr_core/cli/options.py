"""Options that several commands share, each described once."""

from __future__ import annotations

from typing import Annotated

import typer

__all__ = [
    "Artifact",
    "BuildDriver",
    "Chain",
    "Config",
    "Envfile",
    "Gpu",
    "Job",
    "Json",
    "Keep",
    "NoInput",
    "Overwrite",
    "Python",
    "Timeout",
    "TrainDriver",
    "TrainImage",
    "Yes",
]


def _job_names(incomplete: str) -> list[str]:
    """Complete a job's name from the record alone."""
    from fahr_core.ledger import Ledger

    records, _ = Ledger.at_home().listing(limit=50)
    return [record.name for record in records if record.name.startswith(incomplete)]


Artifact = Annotated[
    str | None,
    typer.Argument(metavar="ARTIFACT", help="The .py script or .ipynb notebook, or its folder."),
]
Job = Annotated[
    str | None,
    typer.Argument(
        metavar="JOB",
        help="A job's name or the beginning of it; default: the latest of this folder.",
        autocompletion=_job_names,
    ),
]
TrainDriver = Annotated[
    str | None,
    typer.Option("--train-driver", metavar="NAME", help="Where jobs run: a driver or a .py file."),
]
BuildDriver = Annotated[
    str | None,
    typer.Option("--build-driver", metavar="NAME", help="How the image is made: local-cpu|gpu."),
]
TrainImage = Annotated[
    str | None,
    typer.Option("--train-image", metavar="IMAGE", help="The image that the job starts from."),
]
Config = Annotated[
    list[str] | None,
    typer.Option(
        "-c",
        "--config",
        metavar="KEY=VALUE",
        help="A setting of the driver; --config.KEY=VALUE is the same.",
    ),
]
Chain = Annotated[
    str | None,
    typer.Option(
        "--chain", metavar="[=N]", help="Go on in further sessions; the same as -c chain=N."
    ),
]
Envfile = Annotated[
    str | None,
    typer.Option("--envfile", metavar="FILE", help="The environment file."),
]
Python = Annotated[
    str | None,
    typer.Option("--python", metavar="3.X", help="The job's Python version."),
]
Gpu = Annotated[
    str | None,
    typer.Option("--gpu", metavar="[=TYPE]", help="Ask for a GPU, or for a type of it."),
]
Timeout = Annotated[
    str | None,
    typer.Option("--timeout", metavar="TIME", help="End the job after 30m, 2h ..."),
]
Overwrite = Annotated[
    bool,
    typer.Option("--overwrite", help="Replace files that you have edited."),
]
Keep = Annotated[
    bool,
    typer.Option("--keep", help="Keep edited files though they contradict the options."),
]
Json = Annotated[
    bool,
    typer.Option("--json", help="Print one JSON document."),
]
Yes = Annotated[
    bool,
    typer.Option("--yes", "-y", help="Answer yes to what would be asked."),
]
NoInput = Annotated[
    bool,
    typer.Option("--no-input", help="Never ask; a question is an error."),
]
