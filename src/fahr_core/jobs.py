"""Recorded jobs after they were sent: ask, follow, wait, stop."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from fahr_core import registry
from fahr_core.choice import extensions_of
from fahr_core.errors import NotFinished, ServiceError, SettingsError
from fahr_core.models import Capability, State, StopResult
from fahr_core.remote_jobs import RemoteRecord, as_said
from fahr_core.sending import unstaged
from fahr_core.session import Session
from fahr_core.settings.layers import read_layers
from fahr_core.stopping import result_of

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator

    from fahr_core.ledger import Ledger
    from fahr_core.ledger.record import Record
    from fahr_core.models import LogLine

__all__ = [
    "ask",
    "by_session",
    "find",
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


def refresh(ledger: Ledger, records: Iterable[Record]) -> None:
    """Ask each driver once for its unfinished jobs among ``records`` and record the answers."""
    for asked in by_session([r for r in records if r.ref and not r.state.final]):
        states = open_for(asked[0]).job_states([record.ref for record in asked if record.ref])
        ledger.update(*states, driver_path=asked[0].driver_path)


def by_session(records: Iterable[Record]) -> list[list[Record]]:
    """Put jobs together that one session can serve: of one driver, wrapped by the same."""
    groups: dict[object, list[Record]] = {}
    for record in records:
        groups.setdefault(session_key(record), []).append(record)
    return [*groups.values()]


def session_key(record: Record) -> tuple[object, ...]:
    """Give what jobs that one session can serve have in common."""
    return (record.driver, record.driver_path, record.driver_digest, *_extensions(record)[0])


def ask(ledger: Ledger, session: Session, record: Record) -> Record:
    """Ask for a job and give it as it is now, recorded where this machine has a record of it."""
    states = session.job_states([record.ref] if record.ref else [])
    if isinstance(record, RemoteRecord):
        return as_said(record, states[0])
    ledger.update(*states, driver_path=record.driver_path)
    return ledger.exact(record.name)


def refresh_local(ledger: Ledger) -> None:
    """Record how the local jobs are; it asks nobody, their state lies on this disk."""
    if active := ledger.active("local"):
        refresh(ledger, active)


def read_log(
    session: Session,
    record: Record,
    *,
    follow: bool = False,
    after: str | None = None,
    last: int | None = None,
) -> Iterator[LogLine]:
    """Give a job's log lines; closing the iterator closes the driver's.

    ``last`` says how many of the last lines are enough; more may come.
    """
    if record.ref is None:
        return
    with session.logs(record.ref, follow=follow, after=after, last=last) as lines:
        yield from lines


def follow(
    ledger: Ledger, record: Record, waiting: Callable[[Record], None], *, tail: int | None = None
) -> Generator[LogLine, None, Record]:
    """Give a job's log lines as they come until it has ended, also while it still waits here.

    The generator's own value is the job as it is at the end.

    Args:
        ledger: The record of jobs.
        record: The job.
        waiting: Told once of a job that waits in the queue.
        tail: How many of the lines that are there already come first; None: all.
    """
    if record.ref is None and not record.state.final:
        waiting(record)
    while record.ref is None and not record.state.final:
        time.sleep(_LOCAL_PAUSE)
        record = ledger.exact(record.name)
    if record.ref is None:
        return record
    session = open_for(record)
    after = None
    if tail is not None:
        there = list(read_log(session, record, last=max(1, tail)))  # one has the cursor
        after = there[-1].cursor if there else None
        yield from there[len(there) - min(max(0, tail), len(there)) :]
    yield from read_log(session, record, follow=True, after=after)
    # What a service says of a job may lag behind what the job has printed.
    return wait(ledger, ask(ledger, session, record))


def wait(ledger: Ledger, record: Record, timeout: float | None = None) -> Record:
    """Wait until a job has ended; asks at the pace that its driver names.

    A network that fails for a while is waited out, asking ever slower.

    Raises:
        NotFinished: it still runs after ``timeout`` seconds.
    """
    if record.state.final:
        return record
    limit = None if timeout is None else time.monotonic() + timeout
    session = open_for(record)
    pause = poll = session.info.poll
    while True:
        try:
            record = _now(ledger, session, record)
            pause = poll
        except ServiceError:
            pause = min(60.0, pause * 2)
        if record.state.final:
            return record
        left = pause if limit is None else limit - time.monotonic()
        if left <= 0:
            raise NotFinished(
                f"{record.name} is still {record.state}",
                f"fahr wait {record.words}",
                f"fahr logs -f {record.words}",
            )
        time.sleep(min(pause, left))


def _now(ledger: Ledger, session: Session, record: Record) -> Record:
    if not isinstance(record, RemoteRecord):
        record = ledger.exact(record.name)  # it may have been sent, or stopped, meanwhile
    asked = record.ref is not None and not record.state.final
    return ask(ledger, session, record) if asked else record


def stop(ledger: Ledger, record: Record) -> StopResult:
    """Stop a job: one that waits here is withdrawn, one at the service is asked to end."""
    if record.ref is None and ledger.withdraw(record.name):
        left = unstaged(lambda: open_for(record), ledger.request(record.name))
        told = "it had not been sent yet" + (f"; {left}" if left else "")
        return StopResult(outcome="stopped", reason=told)
    record = ledger.get(record.name) or record  # it may have been sent or stopped meanwhile
    if record.state.final:
        return result_of(record.state)
    session = open_for(record)
    if not session.can(Capability.STOP):
        return StopResult(
            outcome="not-possible", reason=f"train driver {record.driver} cannot stop a job"
        )
    if record.ref is None:
        return StopResult(outcome="not-possible", reason="nobody can tell whether it was sent")
    result = session.stop_job(record.ref)
    ask(ledger, session, record)
    return result


def is_waiting(record: Record) -> bool:
    """Tell whether a job waits on this machine."""
    return record.state in (State.QUEUED, State.SUBMITTING)
