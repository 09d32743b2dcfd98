"""A job as the ledger tells it: plain columns, read without decoding any document."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any

from fahr_core.models import JobRef, State
from fahr_core.processes import ProcessId

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["COLUMNS", "Record", "Reservation", "owner_text", "record_from"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """A name and a run id that nobody else has; ``number`` is None for a chosen name."""

    name: str
    number: int | None
    run_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One row of the ledger; times are seconds since the epoch, ``cost`` US dollars.

    ``where`` is the machine in the service's words, ``detail`` the service's own word for
    the state, ``seen`` when the service was last asked, ``fetched`` the folder of the last
    fetch, ``owner`` the process that is sending the job, None once that is settled,
    ``from_queue`` whether the job ever waited here, and ``attended`` whether the queue's
    runner asks for it until it has ended.
    """

    name: str
    stem: str
    number: int | None
    run_id: str
    remote_name: str | None
    driver: str
    state: State
    reason: str | None
    attempt: int
    experiment: str
    artifact: str
    created: float
    started: float | None
    ended: float | None
    seen: float | None
    link: str | None
    where: str | None
    detail: str | None
    cost: float | None
    exit_code: int | None
    fetched: str | None
    note: str | None
    lane: str | None
    lane_limit: int | None
    from_queue: bool
    driver_path: str | None
    driver_digest: str | None
    content_digest: str | None
    owner: ProcessId | None
    ref: JobRef | None
    params: Mapping[str, Any] = field(default_factory=dict)
    attended: bool = False

    @property
    def words(self) -> str:
        """Give what a command line says to mean this job."""
        return self.name


NAMES = tuple(f.name for f in fields(Record))
#: The columns of a :class:`Record`, in its order, for a SELECT.
COLUMNS = ", ".join(f'"{name}"' for name in NAMES)


def record_from(row: Sequence[Any]) -> Record:
    """Make a record of a row that has :data:`COLUMNS`."""
    values = dict(zip(NAMES, row, strict=True))
    values["state"] = State(values["state"])
    values["from_queue"] = bool(values["from_queue"])
    values["attended"] = bool(values["attended"])
    values["params"] = json.loads(values["params"] or "{}")
    values["owner"] = ProcessId(**json.loads(values["owner"])) if values["owner"] else None
    values["ref"] = JobRef(**json.loads(values["ref"])) if values["ref"] else None
    return Record(**values)


def owner_text(owner: ProcessId | None) -> str | None:
    """Give the text that stands for ``owner`` in the ledger: the same for the same process."""
    return None if owner is None else json.dumps(asdict(owner), sort_keys=True)
