"""Print what a job has printed; -f follows it until it has ended.

With -f the exit status is the job's: 0 when it is complete, 1 when it failed.

Examples::

  fahr logs
  fahr logs -f digits-train-4
  fahr logs --tail 50 -t
  fahr logs --since 10m --json
"""

from __future__ import annotations

import json
import time
from collections import deque
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from fahr_core.cli import console, options

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from fahr_core.models import LogLine

__all__ = ["command"]


def command(
    job: options.Job = None,
    train_driver: options.TrainDriver = None,
    follow: Annotated[bool, typer.Option("-f", "--follow", help="Go on until it ends.")] = False,
    times: Annotated[bool, typer.Option("-t", "--times", help="Print each line's time.")] = False,
    tail: Annotated[
        int | None, typer.Option("--tail", metavar="N", help="The last N lines only.")
    ] = None,
    since: Annotated[
        str | None, typer.Option("--since", metavar="TIME", help="The last 10m, 2h ... only.")
    ] = None,
    as_json: options.Json = False,
) -> int:
    """Print lines."""
    from fahr_core import jobs
    from fahr_core.cli.picking import pick, session_of
    from fahr_core.cli.work import open_ledger

    ledger = open_ledger()
    record = pick(ledger, job, train_driver)
    show = _printer(times=times, as_json=as_json)
    if follow and not record.state.final:
        from fahr_core.cli.following import follow_job

        return follow_job(ledger, record, show=_since(since, show), tail=tail)
    lines = _wanted(jobs.read_log(session_of(record), record, last=tail), tail)
    for line in lines:
        _since(since, show)(line)
    if follow:
        from fahr_core.cli.following import exit_status, tell_end

        tell_end(record)
        return exit_status(record)
    if record.ref is None:
        console.note(f"{record.name} is {record.state}: it has printed nothing yet")
    return 0


def _wanted(lines: Iterable[LogLine], tail: int | None) -> Iterable[LogLine]:
    return lines if tail is None else deque(lines, maxlen=max(0, tail))


def _since(since: str | None, show: Callable[[LogLine], None]) -> Callable[[LogLine], None]:
    """Show only the lines of the last while; a line without a time is shown."""
    if since is None:
        return show
    from fahr_core.durations import parse_duration

    earliest = time.time() - parse_duration(since)

    def show_late(line: LogLine) -> None:
        if line.time is None or line.time >= earliest:
            show(line)

    return show_late


def _printer(*, times: bool, as_json: bool) -> Callable[[LogLine], None]:
    if as_json:
        return _print_json
    return _print_with_time if times else _print


def _print(line: LogLine) -> None:
    from fahr_core.cli.shown import log_text

    console.out(log_text(line))


def _print_with_time(line: LogLine) -> None:
    from fahr_core.cli.shown import log_text

    shown = datetime.fromtimestamp(line.time).astimezone() if line.time else None
    console.out(f"{shown:%Y-%m-%d %H:%M:%S} {log_text(line)}" if shown else log_text(line))


def _print_json(line: LogLine) -> None:
    from fahr_core.cli.shown import moment

    entry = {"time": moment(line.time), "source": line.source, "text": line.text}
    console.out(json.dumps(entry, ensure_ascii=False))
