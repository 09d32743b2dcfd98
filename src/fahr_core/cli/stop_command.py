"""Stop jobs.

Takes full names only. A job gets SIGTERM, time to save what it has, and then
is killed; what it has written can be fetched.

Examples::

  fahr stop digits-train-4
  fahr stop digits-train-4 digits-train-5
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from fahr_core.cli import console, options

if TYPE_CHECKING:
    from fahr_core.ledger import Ledger
    from fahr_core.ledger.record import Record

__all__ = ["command"]

_OFFERED = 5


def command(
    job: Annotated[
        list[str] | None, typer.Argument(metavar="JOB...", help="Full names of jobs.")
    ] = None,
    train_driver: options.TrainDriver = None,
    as_json: options.Json = False,
) -> int:
    """Stop each job; exit status 2 when one cannot be stopped."""
    from fahr_core import jobs
    from fahr_core.cli.work import open_ledger
    from fahr_core.models import to_json

    ledger = open_ledger()
    # All are known before one is stopped.
    records = [_named(ledger, name, train_driver) for name in job or _nobody(ledger)]
    results = {record.name: jobs.stop(ledger, record) for record in records}
    if as_json:
        console.out_json([{"name": name, **to_json(result)} for name, result in results.items()])
    else:
        for name, result in results.items():
            reason = f": {result.reason}" if result.reason else ""
            console.note(f"{name} {result.outcome.replace('-', ' ')}{reason}")
    return 2 if any(result.outcome == "not-possible" for result in results.values()) else 0


def _nobody(ledger: Ledger) -> list[str]:
    """Refuse to guess which job is meant, and offer those that could be.

    Raises:
        UsageError: always.
    """
    from fahr_core.errors import UsageError

    going = [*ledger.active(), *ledger.queued()]
    lines = [f"fahr stop {record.name}" for record in going[:_OFFERED]]
    raise UsageError("stop which job?" if lines else "stop which job? none runs", *lines)


def _named(ledger: Ledger, name: str, train_driver: str | None) -> Record:
    """Find a job by its full name, with a train driver also one made elsewhere."""
    from fahr_core.cli.picking import remote

    if train_driver and not ledger.get(name):
        return remote(name, train_driver)
    return ledger.exact(name)
