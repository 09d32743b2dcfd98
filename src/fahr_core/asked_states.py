"""Asking a service how jobs are, and what a job's end brings with it.

What all services have in common: many jobs are asked for at once, a failure that says nothing is
told by what was printed last, and what a job needed only while it ran is taken away.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from fahr_core.errors import FahrError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from fahr_core.models import JobRef, JobState, LogLine

__all__ = ["LAST_LINES", "ask_each", "reason_by_log", "without_secrets"]

#: How many of the last lines tell why a job failed that says nothing of it.
LAST_LINES = 5
_KILLED = 137  # 128 and SIGKILL


def ask_each(
    ask: Callable[[JobRef], JobState], refs: Sequence[JobRef], at_once: int = 8
) -> list[JobState]:
    """Ask for each job, several at once; the answers are in the order of the question."""
    if len(refs) < 2:
        return [ask(ref) for ref in refs]
    from fahr_core.side_by_side import side_by_side

    return side_by_side(ask, refs, at_once)


def without_secrets(said: JobState, forget: Callable[[], None]) -> JobState:
    """Take a job's secrets away once it has ended; that they are still there is told."""
    if not (said.state.final and said.ref.data.get("secrets")):
        return said
    try:
        forget()
    except FahrError as error:
        left = f"its secrets are still there: {error.message}"
        return replace(said, detail="; ".join(filter(None, [said.detail, left])))
    return said


def reason_by_log(
    exit_code: int | None, unsaid: str, last_lines: Callable[[int], Iterable[LogLine]]
) -> str:
    """Give the reason of a failure that left none: the exit code, and what was printed last.

    Args:
        exit_code: The job's exit code, where the service tells it.
        unsaid: What is told where there is no exit code.
        last_lines: Gives so many of the log's last lines.
    """
    status = unsaid if exit_code is None else f"exit status {exit_code}"
    if exit_code == _KILLED:
        status += " (killed: out of memory?)"
    try:
        texts = [line.text for line in last_lines(LAST_LINES) if line.text.strip()]
    except FahrError as error:
        texts = [f"(its log cannot be read: {error.message})"]
    return "\n".join([status, *(texts or ["(it printed nothing)"])])
