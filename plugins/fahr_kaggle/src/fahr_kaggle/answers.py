"""What Kaggle answers, as values that cross boundaries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fahr_kaggle.kernel import Kernel

__all__ = ["Listed", "OutputPage", "Pushed", "Quota", "RemoteFile", "Status", "Version", "is_busy"]

#: Words of a refusal that a later push may not meet: the account's sessions are all in use.
_BUSY = "session count"
_HOUR = 3600.0


def is_busy(error: str) -> bool:
    """Tell whether Kaggle refuses a push only because the account's sessions are in use."""
    return _BUSY in error.lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushed:
    """The answer to a push; ``error`` may be set although the status is 200."""

    version: int
    url: str | None
    error: str | None
    invalid_sources: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """A version of a kernel: its number, its source, and the machine of its last session."""

    number: int
    source: str
    shape: str | None
    private: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A kernel as Kaggle lists it: its latest version's number, and when that was run.

    ``id`` tells a kernel from one of its name that was deleted; ``number`` and ``ran`` are
    None where the list leaves them out.
    """

    id: int
    kernel: Kernel
    number: int | None
    shape: str | None
    ran: float | None


@dataclass(frozen=True, slots=True)
class Status:
    """Where a session is, in Kaggle's word, and why it failed."""

    word: str
    failure: str | None = None


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file of a session's output, and where it can be got for a while."""

    name: str
    url: str


@dataclass(frozen=True, slots=True)
class OutputPage:
    """A part of a session's output; ``log`` is the whole log as Kaggle keeps it."""

    files: Sequence[RemoteFile]
    log: str
    next_token: str | None


@dataclass(frozen=True, slots=True)
class Quota:
    """Seconds of a week's accelerator time: used (also by what runs now), and allowed."""

    used: float
    allowed: float

    @property
    def left(self) -> float:
        """Give the seconds that are left."""
        return max(0.0, self.allowed - self.used)

    def told(self, kind: str) -> str:
        """Say what is left of the time of ``gpu`` or ``tpu``: ``20.8 of 30 GPU hours left``."""
        left, allowed = (
            f"{one / _HOUR:.1f}".removesuffix(".0") for one in (self.left, self.allowed)
        )
        return f"{left} of {allowed} {kind.upper()} hours left"
