"""List your jobs, the newest first.

Reads what this machine knows; --refresh asks each driver once, for at most
two seconds. --remote lists what is at the service instead, whoever made it:
the 20 newest. In a pipe: tab-separated, nothing cut: name, state, driver,
created, started, ended, reason.

Examples::

  fahr ls
  fahr ls --state failed --all
  fahr ls --here --refresh
  fahr ls --remote --train-driver=sagemaker
  fahr ls --json
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fahr_core.cli import console, options

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from threading import Thread

    from fahr_core.ledger import Ledger
    from fahr_core.ledger.record import Record

__all__ = ["command"]

_SHOWN = 20
_HEADING = ["JOB", "STATE", "AGE", "TIME", "WHERE", "NOTE"]
#: Seconds for which the services are waited for, and between two looks at that.
_PATIENCE = 2.0
_GLANCE = 0.02


def command(
    every: Annotated[bool, typer.Option("-a", "--all", help="All jobs, not the last 20.")] = False,
    state: Annotated[
        str | None, typer.Option("--state", metavar="STATE", help="Only jobs in this state.")
    ] = None,
    here: Annotated[bool, typer.Option("--here", help="Only this folder's jobs.")] = False,
    train_driver: options.TrainDriver = None,
    refresh: Annotated[
        bool, typer.Option("--refresh", help="Ask the drivers first, for two seconds.")
    ] = False,
    remote: Annotated[
        bool, typer.Option("--remote", help="The jobs at the service, whoever made them.")
    ] = False,
    as_json: options.Json = False,
) -> None:
    """List."""
    if remote:
        _refuse_local(here=here, refresh=refresh)
        _show(*_at_service(train_driver, state, every=every), as_json=as_json)
        return
    from fahr_core.cli.work import open_ledger, open_with_local_states

    ledger = open_ledger() if refresh else open_with_local_states()
    if refresh:
        _refresh(ledger)
    records, total = ledger.listing(
        limit=None if every or as_json else _SHOWN,
        state=_state(state),
        experiment=str(Path.cwd().resolve()) if here else None,
        driver=train_driver,
    )
    _show(records, total, as_json=as_json)
    if not records and not as_json and sys.stdout.isatty():
        console.note("no jobs yet: fahr fit" if total == 0 and not state else "no such jobs")


def _show(records: Sequence[Record], total: int, *, as_json: bool) -> None:
    from fahr_core.cli.shown import job_json

    if as_json:
        console.out_json([job_json(record) for record in records])
    elif not sys.stdout.isatty():
        for record in records:
            console.out("\t".join(_fields(record)))
    elif records:
        _print_table(records, total)


def _at_service(
    train_driver: str | None, state: str | None, *, every: bool
) -> tuple[Sequence[Record], int]:
    """Give the service's own jobs, and how many there are at least."""
    from fahr_core.choice import choose_train_driver
    from fahr_core.remote_jobs import list_remote
    from fahr_core.session import open_session
    from fahr_core.settings.layers import read_layers
    from fahr_core.settings.text import unquoted

    folder, wanted = Path.cwd(), _state(state)
    name = train_driver or choose_train_driver(read_layers(folder), folder)[0]
    records = list_remote(open_session(unquoted(name)), None if every else _SHOWN + 1, wanted)
    return records[: None if every else _SHOWN], len(records)


def _refuse_local(*, here: bool, refresh: bool) -> None:
    from fahr_core.errors import UsageError

    for option, given in (("--here", here), ("--refresh", refresh)):
        if given:
            raise UsageError(f"{option} is about this machine's record, --remote about the service")


def _state(word: str | None) -> str | None:
    from fahr_core.errors import UsageError
    from fahr_core.models import State

    if word is None or word in list(State):
        return word
    raise UsageError(f'"{word}" is no state', f"one of: {', '.join(State)}")


def _refresh(ledger: Ledger) -> None:
    """Ask the drivers, each in a thread that is left behind when it is slow."""
    import threading

    from fahr_core import jobs
    from fahr_core.errors import FahrError

    problems: dict[str, str] = {}

    def ask(driver: str) -> None:
        try:
            jobs.refresh(ledger, ledger.active(driver))
        except FahrError as error:
            problems[driver] = error.message

    drivers = dict.fromkeys(record.driver for record in ledger.active() if record.ref)
    threads = {one: threading.Thread(target=ask, args=[one], daemon=True) for one in drivers}
    for thread in threads.values():
        thread.start()
    _wait_for(threads.values())
    for driver, thread in threads.items():
        if thread.is_alive():
            problems[driver] = f"{driver} has not answered within {_PATIENCE:g} s"
    for problem in problems.values():
        console.note(f"warning: {problem}; this is what was last known")


def _wait_for(threads: Collection[Thread]) -> None:
    """Wait for services; what this process computes meanwhile, loading their SDKs, is extra."""

    def waited() -> float:
        return time.monotonic() - time.process_time()

    begun = waited()
    for thread in threads:
        while thread.is_alive() and waited() - begun < _PATIENCE:
            thread.join(_GLANCE)


def _fields(record: Record) -> list[str]:
    from fahr_core.cli.shown import moment

    times = [moment(record.created), moment(record.started), moment(record.ended)]
    fields = [record.name, str(record.state), record.driver, *times, record.reason]
    return [" ".join((field or "").split()) for field in fields]


def _print_table(records: Sequence[Record], total: int) -> None:
    room = console.width(sys.stdout)
    rows = [_HEADING, *(row for record in records for row in _fitting(_row(record)))]
    widths = [max(len(row[column]) for row in rows if row[1]) for column in range(5)]
    for number, row in enumerate(rows):
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        line = " ".join([*cells, row[5]]).rstrip()
        line = line[:room] if row[1] else row[0]  # a name is to be pasted, so never cut
        console.out(line if number else console.styled(line, "bold", sys.stdout))
    if total > len(records):
        console.note(f"{len(records)} of {total}  --all  --state failed  --here")


def _fitting(row: list[str]) -> list[list[str]]:
    """Give a name that is longer than ours a line of its own: a service's own jobs have such."""
    from fahr_core.names import NAME_LIMIT

    if len(row[0]) <= NAME_LIMIT:
        return [row]
    return [[row[0], "", "", "", "", ""], ["", *row[1:]]]


def _row(record: Record) -> list[str]:
    from fahr_core.cli.shown import running_time
    from fahr_core.durations import age

    where = " ".join(filter(None, [record.driver, record.where]))
    ago = age(record.created, time.time())
    return [record.name, str(record.state), ago, running_time(record), where, _note(record)]


def _note(record: Record) -> str:
    from fahr_core.durations import age
    from fahr_core.models import State

    if record.reason:
        return record.reason.splitlines()[0]
    if record.fetched:
        return "fetched"
    if record.state.final or record.state is State.QUEUED or record.seen is None:
        return record.note or ""
    return f"seen {age(record.seen, time.time())} ago"
