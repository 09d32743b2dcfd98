"""Stop jobs.

Takes full names only. A job gets SIGTERM, time to save what it has, and then
is killed; what it has written can be fetched.

Examples::

  fahr stop digits-train-4
  fahr stop digits-train-4 digits-train-5
"""

from __future__ import annotations

from typing import Annotated

import typer

from fahr_core.cli import console, options

__all__ = ["command"]


def command(
    job: Annotated[list[str], typer.Argument(metavar="JOB...", help="Full names of jobs.")],
    as_json: options.Json = False,
) -> int:
    """Stop each job; exit status 2 when one cannot be stopped."""
    from fahr_core import jobs
    from fahr_core.cli.work import open_ledger
    from fahr_core.models import to_json

    ledger = open_ledger()
    records = [ledger.exact(name) for name in job]  # all are known before one is stopped
    results = {record.name: jobs.stop(ledger, record) for record in records}
    if as_json:
        console.out_json([{"name": name, **to_json(result)} for name, result in results.items()])
    else:
        for name, result in results.items():
            reason = f": {result.reason}" if result.reason else ""
            console.note(f"{name} {result.outcome.replace('-', ' ')}{reason}")
    return 2 if any(result.outcome == "not-possible" for result in results.values()) else 0
