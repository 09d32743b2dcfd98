"""Where a job is, how it is found again, and what it printed."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - read at run time by from_json
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

__all__ = ["JobRef", "JobState", "LogLine", "State", "StopResult"]


class State(StrEnum):
    """Where a job is; the same words on every driver. Only the last three are final."""

    UNLAUNCHED = "unlaunched"
    QUEUED = "queued"
    SUBMITTING = "submitting"
    SUBMITTED = "submitted"
    RUNNING = "running"
    STOPPING = "stopping"
    COMPLETE = "complete"
    FAILED = "failed"
    STOPPED = "stopped"

    @property
    def final(self) -> bool:
        """Whether a job in this state has ended for good."""
        return self in (State.COMPLETE, State.FAILED, State.STOPPED)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRef:
    """All that is needed to find a job again: driver, the service's id, account and region."""

    driver: str
    id: str
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobState:
    """What the service says of a job.

    ``detail`` is the service's own word, ``reason`` why it failed, ``cost`` in US dollars
    where known, ``seen`` when the service was asked.
    """

    ref: JobRef
    state: State
    detail: str | None = None
    reason: str | None = None
    attempt: int = 1
    exit_code: int | None = None
    created: float | None = None
    started: float | None = None
    ended: float | None = None
    link: str | None = None
    where: str | None = None
    cost: float | None = None
    seen: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """One line that a job printed; ``cursor`` resumes after it."""

    text: str
    time: float | None = None
    source: str = "stdout"
    cursor: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StopResult:
    """What was done to stop a job: ``stopped``, ``stopping``, ``ended`` or ``not-possible``.

    ``ended`` is a job that had ended by itself before; ``reason`` tells how, and why another
    one cannot be stopped.
    """

    outcome: str
    reason: str | None = None
