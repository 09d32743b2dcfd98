"""Bring a job's output home.

Without DEST into a new folder named as the job; without JOB that of this
folder's latest. Files that you wrote or edited are never replaced unasked.

Examples::

  fahr fetch
  fahr fetch ./ digits-train-4
  fahr fetch --wait --include "*.h5"
  fahr fetch ./ NAME/train --train-driver=kaggle
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fahr_core.cli import console, options

if TYPE_CHECKING:
    from fahr_core.ledger import Ledger
    from fahr_core.ledger.record import Record
    from fahr_core.output import Fetched

__all__ = ["command"]

_SHOWN = 12


def command(
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="[DEST] [JOB]", help="A folder, a job, both or none."),
    ] = None,
    train_driver: options.TrainDriver = None,
    wait: Annotated[bool, typer.Option("--wait", help="Wait for the job's end first.")] = False,
    include: Annotated[
        list[str] | None,
        typer.Option("--include", metavar="PATTERN", help="Only files like this; repeatable."),
    ] = None,
    no_extract: Annotated[
        bool, typer.Option("--no-extract", help="Leave archives as they are.")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace files that stand in the way.")
    ] = False,
    as_json: options.Json = False,
) -> None:
    """Fetch."""
    from fahr_core.cli.picking import pick
    from fahr_core.cli.work import open_ledger
    from fahr_core.models import FetchOptions
    from fahr_core.output import fetch

    ledger = open_ledger()
    destination, word = _read_words(ledger, words or [], train_driver)
    record = pick(ledger, word, train_driver)
    started = time.monotonic()
    fetched = fetch(
        ledger,
        record,
        console.Terminal(),
        destination=destination,
        options=FetchOptions(
            include=tuple(include or ()), extract=not no_extract, overwrite=overwrite
        ),
        wait=wait,
    )
    record = ledger.get(record.name) or record  # how it ended is known by now
    _tell(fetched, record, time.monotonic() - started, as_json=as_json)


def _read_words(
    ledger: Ledger, words: list[str], train_driver: str | None
) -> tuple[Path | None, str | None]:
    """Tell a folder from a job.

    A known job's name is a job; what exists or has a separator is a folder.  The first fahr
    took a third word, the place in the cloud, which nobody needs any more.

    Raises:
        UnknownJob: a single word is neither.
    """
    from fahr_core.errors import UsageError
    from fahr_core.settings.text import unquoted

    words = [unquoted(word) for word in words]
    if len(words) > 3:
        raise UsageError(f'"{words[3]}" is left over', "fahr fetch [DEST] [JOB]")
    if len(words) == 3:
        console.note(f"note: {words[2]} is not needed any more")
    if len(words) >= 2:
        return Path(words[0]), words[1]
    if not words:
        return None, None
    (word,) = words
    if ledger.get(word) or (train_driver and not Path(word).exists()):
        return None, word
    if Path(word).is_dir() or "/" in word or os.sep in word or word in (".", ".."):
        return Path(word), None
    return None, _known(ledger, word)


def _known(ledger: Ledger, word: str) -> str:
    from fahr_core import jobs
    from fahr_core.errors import UnknownJob

    try:
        jobs.find(ledger, word, Path.cwd())
    except UnknownJob as error:
        raise UnknownJob(f"{error.message}  (a folder: ./{word})", *error.hints) from None
    return word


def _tell(fetched: Fetched, record: Record, seconds: float, *, as_json: bool) -> None:
    from fahr_core.durations import duration, size

    console.note(f"{record.name}  {record.state}")
    for file in fetched.files[:_SHOWN]:
        console.note(f"{file.path:<30} {size(file.size):>9}")
    if len(fetched.files) > _SHOWN:
        console.note(f"... and {len(fetched.files) - _SHOWN} more")
    if not fetched.files:
        console.note("the job has left no files")
    count = f"{len(fetched.files)} file{'' if len(fetched.files) == 1 else 's'}"
    console.note(f"{size(fetched.size)}, {count}, sizes checked  {duration(seconds)}")
    shown = os.fspath(fetched.folder)
    shown = shown if fetched.folder.is_absolute() or shown.startswith(".") else f"./{shown}"
    if as_json:
        files = [{"path": file.path, "size": file.size} for file in fetched.files]
        console.out_json({"name": record.name, "folder": shown, "files": files})
    else:
        console.out(shown)
