"""What is sent to a service, and what may come of it."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - read at run time by from_json
from dataclasses import dataclass, field
from typing import Any

from fahr_core.models.job import Job  # noqa: TC001 - read at run time by from_json
from fahr_core.models.states import JobRef, JobState  # noqa: TC001

__all__ = [
    "Absent",
    "Found",
    "Lane",
    "Refused",
    "RemoteJob",
    "Request",
    "Staged",
    "Submitted",
    "Unknown",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """A limit that jobs share: at most ``limit`` of them are at the service at once."""

    name: str
    limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """The exact request that a driver will send, made without asking anybody.

    ``body`` is what the service receives; ``uploads`` maps a place in the service's storage
    to the digest of what has to lie there first.  ``attended`` says that the job goes on only
    where somebody asks for its state until it has ended: then the queue's runner does, also
    with the terminal closed.
    """

    driver: str
    name: str
    remote_name: str
    run_id: str
    body: Mapping[str, Any]
    job: Job
    uploads: Mapping[str, str] = field(default_factory=dict)
    lane: Lane | None = None
    attended: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """What was put in place before a request could be sent."""

    uploaded: int = 0
    reused: int = 0
    secrets: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Submitted:
    """The service has the job."""

    ref: JobRef
    link: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The service has not taken the job; ``busy`` when it may take it later."""

    reason: str
    hints: tuple[str, ...] = ()
    busy: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """Nobody can say whether the service has the job."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The service has the job: a submission whose answer was lost, or one made elsewhere."""

    ref: JobRef
    link: str | None = None
    job: Job | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Absent:
    """The service certainly has no such job."""

    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteJob:
    """A job as its service lists it; ``name`` is what ``find_job`` takes."""

    name: str
    state: JobState
