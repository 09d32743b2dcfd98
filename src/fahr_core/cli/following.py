"""Following a job's log until it has ended."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, cast

from fahr_core import jobs
from fahr_core.cli import console
from fahr_core.cli.shown import ended_line
from fahr_core.errors import AccessError, ServiceError
from fahr_core.models import Capability, State

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from fahr_core.ledger import Ledger
    from fahr_core.ledger.record import Record
    from fahr_core.models import LogLine

__all__ = ["exit_status", "follow_job", "tell_end"]


def follow_job(
    ledger: Ledger,
    record: Record,
    *,
    show: Callable[[LogLine], None] | None = None,
    tail: int | None = None,
    waiting_told: bool = False,
) -> int:
    """Print a job's lines as they come; give the job's exit status: 0, or 1 if it failed.

    ``tail`` begins with the last lines only, ``waiting_told`` leaves out that the job waits
    for its turn.  Interrupting ends the following, as a service does
    that cannot be asked any more; the job goes on, and is said to.
    """
    show = show or _print
    tell = _tell_nothing if waiting_told else _tell_waiting
    lines = jobs.follow(ledger, record, tell, tail=tail)
    try:
        record = _shown(lines, show)
    except KeyboardInterrupt:
        _tell_unstopped(ledger.get(record.name) or record, "goes on")
        raise
    except (AccessError, ServiceError):  # nobody knows how the job is now
        _tell_unstopped(ledger.get(record.name) or record, "is not stopped by this")
        raise
    tell_end(record)
    return exit_status(record)


def tell_end(record: Record) -> None:
    """Print how a job ended and, if it failed, what to do; the service's own word first."""
    if record.detail:
        console.note(console.folded(record.detail, sys.stderr))
    if record.state is State.COMPLETE:
        console.note(ended_line(record))  # it ends with a line to paste
    else:
        console.note(console.folded(ended_line(record), sys.stderr))
    if record.state is State.FAILED:
        from fahr_core.advice import advice

        for line in advice(record):
            console.note(f"  {line}")


def exit_status(record: Record) -> int:
    """Give the status that waiting for a job ends with."""
    return 0 if record.state is State.COMPLETE else 1


def _shown(lines: Generator[LogLine, None, Record], show: Callable[[LogLine], None]) -> Record:
    """Show lines as they come and give the job as it is at their end."""
    while True:
        try:
            line = next(lines)
        except StopIteration as end:
            return cast("Record", end.value)
        show(line)


def _print(line: LogLine) -> None:
    from fahr_core.cli.shown import log_text

    console.out(log_text(line))


def _tell_waiting(record: Record) -> None:
    console.stage(str(record.state), f"{record.name} waits for its turn")


def _tell_nothing(record: Record) -> None:
    """Leave out what was told already."""


def _tell_unstopped(record: Record, how: str) -> None:
    if record.state.final:
        return
    console.note(f"{record.name} {how}: fahr logs -f {record.words}")
    if record.ref is None or jobs.open_for(record).can(Capability.STOP):
        console.note(f"{' ' * len(record.name)} stop it: fahr stop {record.words}")
