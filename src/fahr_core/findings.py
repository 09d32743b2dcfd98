"""What a check before a job found, made of questions that raise what is not well."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fahr_core.errors import FahrError, ServiceError
from fahr_core.models import Finding

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["finding_of", "found_at_once", "found_by"]


def found_by(subject: str, check: Callable[[], str]) -> list[Finding]:
    """Ask a question that gives what is well in words, and raises a FahrError otherwise."""
    try:
        return [Finding(level="ok", subject=subject, message=check())]
    except FahrError as error:
        return [finding_of(subject, error)]


def found_at_once(questions: Sequence[Callable[[], list[Finding]]]) -> list[Finding]:
    """Ask several questions at one time and join what is found, in the questions' order."""
    from fahr_core.side_by_side import side_by_side

    answers = side_by_side(lambda ask: ask(), questions, len(questions))
    return [finding for answer in answers for finding in answer]


def finding_of(subject: str, error: FahrError, level: str = "error") -> Finding:
    """Turn an error into a finding; that nothing was sent is told once, by the core."""
    hints = tuple(hint for hint in error.hints if hint != "nothing was sent")
    retry = isinstance(error, ServiceError)
    return Finding(level=level, subject=subject, message=error.message, hints=hints, retry=retry)
