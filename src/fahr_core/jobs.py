"""Recorded jobs after they were sent: ask, follow, wait, stop."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from fahr_core import registry
from fahr_core.choice import extensions_of
from fahr_core.errors import NotFinished, ServiceError, SettingsError, UsageError
from fahr_core.models import Absent, Capability, State, StopResult
from fahr_core.session import Session
from fahr_core.settings.layers import read_layers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from fahr_core.ledger import Ledger
    from fahr_core.ledger.record import Record
    from fahr_core.models import Found, LogLine

__all__ = [
    "by_session",
    "find",
    "find_remote",
    "follow",
    "open_for",
    "read_log",
    "refresh",
    "refresh_local",
    "session_key",
    "stop",
    "wait",
]

#: Seconds between two looks at a job that waits on this machine.
_LOCAL_PAUSE = 0.1


def find(ledger: Ledger, word: str | None, experiment: Path) -> Record:
    """Find the job that a person means: a name, a prefix, ``folder/artifact`` or nothing.

    Raises:
        UnknownJob: there is none, or several begin with the word.
    """
    return ledger.resolve(word, str(experiment.resolve()))


def open_for(record: Record) -> Session:
    """Open a session with the driver that a job was sent by, and its folder's extensions."""
    listed = registry.find("train", record.driver_path or record.driver)
    extensions, problem = _extensions(record)
    session = Session(listed, None, extensions)
    session.warnings += problem
    if listed.digest != record.driver_digest:
        session.warnings.append(f"{listed.path} has changed since {record.name} was sent")
    return session


def _extensions(record: Record) -> tuple[list[str], list[str]]:
    """Give the extensions of a job's folder; settings broken since must not hide the job."""
    try:
        return extensions_of(read_layers(Path(record.experiment))), []
    except SettingsError as error:
        return [], [f"no extensions: {error.message}"]


def find_remote(session: Session, name: str) -> Record:
    """Ask a driver's service for a job that this machine has no record of.

    Raises:
        UsageError: the driver cannot do that, or the service has no such job.
    """
    driver = session.train.name
    if not session.can(Capability.REMOTE_JOBS):
        raise UsageError(f"train driver {driver} knows only the jobs in this machine's record")
    found = session.find_job(name, {})
    if isinstance(found, Absent):
        raise UsageError(f'{driver} has no job "{name}"', *filter(None, [found.reason]))
    return _remote_record(name, session, found)


def _remote_record(name: str, session: Session, found: Found) -> Record:
    """Make a record of what the service says of a job; it is shown, not kept."""
    from fahr_core.ledger.record import Record

    said = session.job_states([found.ref])[0]
    job = found.job
    return Record(
        name=name,
        stem=name,
        number=None,
        run_id=job.run_id if job else "",
        remote_name=name,
        driver=session.train.name,
        state=said.state,
        reason=said.reason,
        attempt=said.attempt,
        experiment=job.experiment if job else "",
        artifact=job.artifact if job else "",
        created=said.created or said.started or 0.0,
        started=said.started,
        ended=said.ended,
        seen=said.seen,
        link=said.link or found.link,
        where=said.where,
        detail=said.detail,
        cost=said.cost,
        exit_code=said.exit_code,
        fetched=None,
        note=None,
        lane=None,
        lane_limit=None,
        from_queue=False,
        driver_path=session.train.path,
        driver_digest=session.train.digest,
        content_digest=None,
        owner=None,
        ref=found.ref,
        params=job.params if job else {},
    )


def refresh(ledger: Ledger, records: Iterable[Record]) -> None:
    """Ask each driver once for its unfinished jobs among ``records`` and record the answers."""
    for asked in by_session([r for r in records if r.ref and not r.state.final]):
        _ask(ledger, open_for(asked[0]), asked)


def by_session(records: Iterable[Record]) -> list[list[Record]]:
    """Put jobs together that one session can serve: of one driver, wrapped by the same."""
    groups: dict[object, list[Record]] = {}
    for record in records:
        groups.setdefault(session_key(record), []).append(record)
    return [*groups.values()]


def session_key(record: Record) -> tuple[object, ...]:
    """Give what jobs that one session can serve have in common."""
    return (record.driver, record.driver_path, record.driver_digest, *_extensions(record)[0])


def _ask(ledger: Ledger, session: Session, records: Sequence[Record]) -> None:
    states = session.job_states([record.ref for record in records if record.ref])
    ledger.update(*states, driver_path=records[0].driver_path)


def refresh_local(ledger: Ledger) -> None:
    """Record how the local jobs are; it asks nobody, their state lies on this disk."""
    if active := ledger.active("local"):
        refresh(ledger, active)


def read_log(
    session: Session, record: Record, *, follow: bool = False, after: str | None = None
) -> Iterator[LogLine]:
    """Give a job's log lines; closing the iterator closes the driver's."""
    if record.ref is None:
        return
    with session.logs(record.ref, follow=follow, after=after) as lines:
        yield from lines


def follow(
    ledger: Ledger, name: str, waiting: Callable[[Record], None], *, tail: int | None = None
) -> Iterator[LogLine]:
    """Give a job's log lines as they come until it has ended, also while it still waits here.

    Args:
        ledger: The record of jobs.
        name: The job's name.
        waiting: Told once of a job that waits in the queue.
        tail: How many of the lines that are there already come first; None: all.
    """
    record = ledger.exact(name)
    if record.ref is None and not record.state.final:
        waiting(record)
    while record.ref is None and not record.state.final:
        time.sleep(_LOCAL_PAUSE)
        record = ledger.exact(name)
    if record.ref is None:
        return
    session = open_for(record)
    after = None
    if tail is not None:
        there = list(read_log(session, record))
        after = there[-1].cursor if there else None
        yield from there[len(there) - min(max(0, tail), len(there)) :]
    yield from read_log(session, record, follow=True, after=after)
    _ask(ledger, session, [record])


def wait(ledger: Ledger, name: str, timeout: float | None = None) -> Record:
    """Wait until a job has ended; asks at the pace that its driver names.

    A network that fails for a while is waited out, asking ever slower.

    Raises:
        NotFinished: it still runs after ``timeout`` seconds.
    """
    limit = None if timeout is None else time.monotonic() + timeout
    record = ledger.exact(name)
    session = None if record.state.final else open_for(record)
    pause = poll = session.info.poll if session else 0.0
    while True:
        try:
            refresh(ledger, [record])
            pause = poll
        except ServiceError:
            pause = min(60.0, pause * 2)
        record = ledger.exact(name)
        if record.state.final:
            return record
        left = pause if limit is None else limit - time.monotonic()
        if left <= 0:
            raise NotFinished(
                f"{name} is still {record.state}", f"fahr wait {name}", f"fahr logs -f {name}"
            )
        time.sleep(min(pause, left))


def stop(ledger: Ledger, record: Record) -> StopResult:
    """Stop a job: one that waits here is withdrawn, one at the service is asked to end."""
    if record.ref is None and ledger.withdraw(record.name):
        return StopResult(outcome="stopped", reason="it had not been sent yet")
    record = ledger.get(record.name) or record  # it may have been sent or stopped meanwhile
    if record.state.final:
        return StopResult(outcome="stopped", reason=f"it was {record.state} already")
    session = open_for(record)
    if not session.can(Capability.STOP):
        return StopResult(
            outcome="not-possible", reason=f"train driver {record.driver} cannot stop a job"
        )
    if record.ref is None:
        return StopResult(outcome="not-possible", reason="nobody can tell whether it was sent")
    result = session.stop_job(record.ref)
    _ask(ledger, session, [record])
    return result


def is_waiting(record: Record) -> bool:
    """Tell whether a job waits on this machine."""
    return record.state in (State.QUEUED, State.SUBMITTING)
