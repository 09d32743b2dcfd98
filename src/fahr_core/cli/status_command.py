"""Tell how a job is doing.

Exit status 0 whatever the job's state is: the question was answered.

Examples::

  fahr status
  fahr status digits-train-3 --json
  fahr status NAME --train-driver=sagemaker     a job made elsewhere
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from fahr_core.cli import console, options

if TYPE_CHECKING:
    from fahr_core.ledger import Ledger
    from fahr_core.ledger.record import Record

__all__ = ["command"]

#: Among so many last lines there is one that is not empty.
_ENOUGH = 20


def command(
    job: options.Job = None,
    train_driver: options.TrainDriver = None,
    as_json: options.Json = False,
) -> None:
    """Ask once and print the answer."""
    from fahr_core.cli.picking import pick
    from fahr_core.cli.shown import job_json
    from fahr_core.cli.work import open_ledger

    ledger = open_ledger()
    record = _fresh(ledger, pick(ledger, job, train_driver))
    if as_json:
        console.out_json(job_json(record))
    else:
        console.out("\n".join(_lines(record)))


def _fresh(ledger: Ledger, record: Record) -> Record:
    from fahr_core import jobs
    from fahr_core.errors import DiskError, ServiceError

    if record.ref is None or record.state.final:
        return record
    try:
        jobs.refresh(ledger, [record])
    except (DiskError, ServiceError) as error:
        console.note(f"warning: {error.message}; this is what was last known")
    return ledger.get(record.name) or record


def _lines(record: Record) -> list[str]:
    from fahr_core.cli.shown import state_line
    from fahr_core.models import State

    about = ", ".join(filter(None, [record.driver, record.where, _cost(record)]))
    lines = [f"{record.name}  {state_line(record)}  {about}"]
    texts = filter(None, [record.detail, record.reason])
    lines += [console.folded(text, sys.stdout) for text in texts]
    if record.state is State.RUNNING:
        lines += _last_line(record)
    if record.link:
        lines.append(record.link)
    if record.state is State.FAILED:
        from fahr_core.advice import advice

        lines += [f"  {line}" for line in advice(record)]
        lines.append(f"log     fahr logs {record.words} --tail 50")
        lines.append(f"output  partial: fahr fetch {record.words}")
    elif record.state.final:
        lines.append(f"output  fahr fetch {record.words}")
    return lines


def _cost(record: Record) -> str | None:
    return None if record.cost is None else f"${record.cost:.2f}"


def _last_line(record: Record) -> list[str]:
    """Give the job's last log line and its age, where the driver has live logs."""
    from fahr_core import jobs
    from fahr_core.durations import age
    from fahr_core.errors import FahrError
    from fahr_core.models import Capability

    try:
        session = jobs.open_for(record)
        if not session.can(Capability.LIVE_LOGS):
            return []
        last = None
        for line in jobs.read_log(session, record, last=_ENOUGH):
            last = line if line.text.strip() else last
    except FahrError:
        return []  # the state was the question; its log is a courtesy
    if last is None:
        return []
    ago = f"  {age(last.time, time.time())} ago" if last.time else ""
    return [f"{last.text.rstrip()[:60]}{ago}"]
