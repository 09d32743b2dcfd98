"""What a check before a job found, made of questions that raise what is not well."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fahr_core.errors import FahrError, ServiceError
from fahr_core.models import Finding

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["finding_of", "found_by"]


def found_by(subject: str, check: Callable[[], str]) -> Finding:
    """Ask a question that gives what is well in words, and raises a FahrError otherwise."""
    try:
        return Finding(level="ok", subject=subject, message=check())
    except FahrError as error:
        return finding_of(subject, error)


def finding_of(subject: str, error: FahrError, level: str = "error") -> Finding:
    """Turn an error into a finding; that nothing was sent is told once, by the core."""
    hints = tuple(hint for hint in error.hints if hint != "nothing was sent")
    retry = isinstance(error, ServiceError)
    return Finding(level=level, subject=subject, message=error.message, hints=hints, retry=retry)
