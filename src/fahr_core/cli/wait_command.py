"""Wait until a job has ended.

Exit status: 0 the job is complete, 1 it failed or was stopped, 4 it still
runs at the end of --timeout, 3 the service cannot be reached.

Examples::

  fahr wait
  fahr wait digits-train-4 --timeout 3h
  fahr wait digits-train-4 --timeout 3h --stop-on-exit
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from fahr_core.cli import console, options

if TYPE_CHECKING:
    from fahr_core.ledger import Ledger
    from fahr_core.ledger.record import Record

__all__ = ["command"]


def command(
    job: options.Job = None,
    train_driver: options.TrainDriver = None,
    timeout: Annotated[
        str | None, typer.Option("--timeout", metavar="TIME", help="Give up after 30m, 3h ...")
    ] = None,
    stop_on_exit: Annotated[
        bool,
        typer.Option("--stop-on-exit", help="Stop the job when waiting ends before the job."),
    ] = False,
    as_json: options.Json = False,
) -> int:
    """Wait for the end."""
    from fahr_core.cli.following import exit_status, tell_end
    from fahr_core.cli.picking import pick
    from fahr_core.cli.shown import job_json
    from fahr_core.cli.work import open_ledger

    ledger = open_ledger()
    record = _ended(ledger, pick(ledger, job, train_driver), timeout, stop_on_exit=stop_on_exit)
    if as_json:
        console.out_json(job_json(record))
    else:
        tell_end(record)
    return exit_status(record)


def _ended(ledger: Ledger, record: Record, timeout: str | None, *, stop_on_exit: bool) -> Record:
    from fahr_core import jobs
    from fahr_core.durations import parse_duration

    seconds = parse_duration(timeout) if timeout else None
    try:
        return jobs.wait(ledger, record, seconds)
    except BaseException:
        if stop_on_exit:
            jobs.stop(ledger, record)
            console.note(f"{record.name} is asked to stop (--stop-on-exit)")
        raise
