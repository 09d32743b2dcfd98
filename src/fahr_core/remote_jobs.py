"""Jobs that this machine has no record of: found at their service by their name there."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fahr_core.errors import UsageError
from fahr_core.ledger.record import Record
from fahr_core.models import Absent, Capability

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fahr_core.models import Job, JobRef, JobState, State
    from fahr_core.session import Session

__all__ = ["RemoteRecord", "as_said", "find_remote", "list_remote"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteRecord(Record):
    """What a service says of a job; it is shown, not kept."""

    @property
    def words(self) -> str:
        """Give what a command line says to mean this job: its driver too."""
        driver = self.driver_path or self.driver
        return f"{shlex.quote(self.name)} --train-driver={shlex.quote(driver)}"


def find_remote(session: Session, name: str) -> RemoteRecord:
    """Ask a driver's service for a job that this machine has no record of.

    Raises:
        UsageError: the driver cannot do that, or the service has no such job.
    """
    driver = session.train.name
    if not session.can(Capability.REMOTE_JOBS):
        raise UsageError(f"train driver {driver} knows only the jobs in this machine's record")
    found = session.find_job(name, _settings(session))
    if isinstance(found, Absent):
        raise UsageError(f'{driver} has no job "{name}"', *filter(None, [found.reason]))
    (said,) = session.job_states([found.ref])
    record = _record(name, session, found.ref, said.state, found.job)
    return as_said(replace(record, link=found.link), said)


def list_remote(
    session: Session, limit: int | None = None, state: str | None = None
) -> list[RemoteRecord]:
    """Give the newest jobs of a driver's service, whoever made them.

    Args:
        session: The driver.
        limit: How many at most; None: all.
        state: Only jobs in this state.

    Raises:
        UsageError: the driver cannot do that.
    """
    if not session.can(Capability.REMOTE_LIST):
        raise UsageError(f"train driver {session.train.name} cannot list the jobs of its service")
    with session.list_jobs(_settings(session)) as jobs:
        wanted = (job for job in jobs if state in (None, job.state.state))
        return [
            as_said(_record(job.name, session, job.state.ref, job.state.state), job.state)
            for job in islice(wanted, limit)
        ]


def _settings(session: Session) -> Mapping[str, Any]:
    """Give what this folder says of the driver (a region, a profile): what is missing is None."""
    from fahr_core.planning import with_files
    from fahr_core.settings.layers import read_layers
    from fahr_core.settings.resolve import Model, inspect

    name, folder = session.train.name, Path.cwd()
    layers = with_files(read_layers(folder), session, folder)
    return inspect(layers, [Model(name, session.info.settings)]).settings.of(name)


def as_said(record: RemoteRecord, said: JobState) -> RemoteRecord:
    """Give a job as its service says it is now."""
    return replace(
        record,
        state=said.state,
        reason=said.reason,
        attempt=said.attempt,
        created=said.created or said.started or record.created,
        started=said.started,
        ended=said.ended,
        seen=said.seen,
        link=said.link or record.link,
        where=said.where,
        detail=said.detail,
        cost=said.cost,
        exit_code=said.exit_code,
    )


def _record(
    name: str, session: Session, ref: JobRef, state: State, job: Job | None = None
) -> RemoteRecord:
    return RemoteRecord(
        name=name,
        stem=name,
        number=None,
        run_id=job.run_id if job else "",
        remote_name=name,
        driver=session.train.name,
        state=state,
        reason=None,
        attempt=1,
        experiment=job.experiment if job else "",
        artifact=job.artifact if job else "",
        created=0.0,
        started=None,
        ended=None,
        seen=None,
        link=None,
        where=None,
        detail=None,
        cost=None,
        exit_code=None,
        fetched=None,
        note=None,
        lane=None,
        lane_limit=None,
        from_queue=False,
        driver_path=session.train.path,
        driver_digest=session.train.digest,
        content_digest=None,
        owner=None,
        ref=ref,
        params=job.params if job else {},
    )
