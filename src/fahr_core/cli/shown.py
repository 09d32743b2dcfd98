"""A job as people and programs read it."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from fahr_core.durations import duration
from fahr_core.models import State

if TYPE_CHECKING:
    from fahr_core.ledger.record import Record
    from fahr_core.models import LogLine

__all__ = ["ended_line", "job_json", "log_text", "moment", "running_time", "state_line"]


def moment(seconds: float | None) -> str | None:
    """Give a time as ISO 8601 in UTC."""
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")


def job_json(record: Record) -> dict[str, Any]:
    """Give the document of a job, as ``--json`` prints it."""
    return {
        "name": record.name,
        "remote_name": record.remote_name,
        "driver": record.driver,
        "state": str(record.state),
        "reason": record.reason,
        "attempt": record.attempt,
        "experiment": record.experiment,
        "artifact": record.artifact,
        "params": dict(record.params),
        "created": moment(record.created),
        "started": moment(record.started),
        "ended": moment(record.ended),
        "link": record.link,
        "where": record.where,
        "detail": record.detail,
        "cost": record.cost,
        "exit_code": record.exit_code,
        "fetched": record.fetched,
        "run_id": record.run_id,
    }


def log_text(line: LogLine) -> str:
    """Give a line as it is printed: with its machine before it where a job has several."""
    return line.text if line.source in ("stdout", "stderr") else f"{line.source}: {line.text}"


def running_time(record: Record) -> str:
    """Tell how long a job has run, empty before it started."""
    if record.started is None:
        return ""
    return duration(max(0.0, (record.ended or time.time()) - record.started))


def state_line(record: Record) -> str:
    """Tell a job's state with its time: ``running 12 min``, ``failed after 2 min``."""
    ran = running_time(record)
    if record.state in (State.FAILED, State.STOPPED) and ran:
        return f"{record.state} after {ran}"
    return f"{record.state} {ran}".rstrip()


def ended_line(record: Record) -> str:
    """Tell how a job ended, in one line."""
    if record.state is State.COMPLETE:
        return f"{record.name} complete, {running_time(record)}; fahr fetch {record.words}"
    if record.state is State.STOPPED:
        return f"{record.name} {state_line(record)}; fahr fetch {record.words}"
    reason = (record.reason or "no reason is known").splitlines()[0]
    return f"{record.name} {state_line(record)}: {reason}"
