"""Another job's output as an input: ``--input prior=job:NAME``, whatever drivers the two have."""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from fahr_core import jobs
from fahr_core.errors import DiskError, NotFinished, UsageError
from fahr_core.leftovers import unfinished
from fahr_core.models import FetchOptions, State
from fahr_core.paths import cache_folder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fahr_core.ledger import Ledger
    from fahr_core.ledger.record import Record
    from fahr_core.models import Input
    from fahr_core.reporter import Reporter

__all__ = ["with_outputs_at_hand"]

_JOB = "job:"


def with_outputs_at_hand(
    inputs: Sequence[Input], ledger: Ledger, experiment: Path, reporter: Reporter
) -> list[Input]:
    """Give the inputs with each ``job:NAME`` replaced by a folder that holds its output.

    An output is fetched once for each run and kept in the cache.

    Raises:
        NotFinished: the job has not ended.
        UnknownJob: there is no such job.
        UsageError: the job was never sent, so it has no output.
    """
    return [
        _at_hand(item, ledger, experiment, reporter) if item.location.startswith(_JOB) else item
        for item in inputs
    ]


def _at_hand(item: Input, ledger: Ledger, experiment: Path, reporter: Reporter) -> Input:
    record = jobs.find(ledger, item.location.removeprefix(_JOB), experiment)
    if not record.state.final:
        jobs.refresh(ledger, [record])
        record = ledger.exact(record.name)
    if not record.state.final:
        raise NotFinished(
            f"input {item.name}: {record.name} is still {record.state}",
            f"fahr wait {record.name}",
            "nothing was sent",
        )
    if record.state is not State.COMPLETE:
        reporter.warn(f"input {item.name}: {record.name} {record.state}, its output is partial")
    folder = _output_of(record, reporter)
    return replace(item, location=str(folder), job=record.name)


def _output_of(record: Record, reporter: Reporter) -> Path:
    if record.ref is None:
        raise UsageError(f"{record.name} was never sent, so it has no output")
    folder = cache_folder() / "outputs" / record.run_id
    if folder.is_dir():
        return folder
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(dir=folder.parent, prefix=unfinished()))
    except OSError as error:
        raise DiskError(f"cannot write to {folder.parent}: {error.strerror}") from error
    try:
        session = jobs.open_for(record)
        session.fetch_output(record.ref, temporary, FetchOptions(), reporter.progress)
        _rename(temporary, folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return folder


def _rename(temporary: Path, folder: Path) -> None:
    """Put a whole output in its place, unless another command just did."""
    temporary.chmod(0o755)
    try:
        os.rename(temporary, folder)  # noqa: PTH104 - Path.rename is the same call
    except OSError:
        if not folder.is_dir():
            raise
