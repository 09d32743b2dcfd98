"""Following a log at a service: until the job has ended and nothing more comes.

A driver says how its log is read once and whether the job has ended; how often it is looked,
what a failure in between means, and when the log is whole are the same for every service.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from fahr_core.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fahr_core.models import LogLine

__all__ = ["LiveLog", "Patience", "followed", "read_log"]


class LiveLog(Protocol):
    """A job's log at its service, of which each line is given once."""

    @property
    def pace(self) -> float:
        """Give the seconds to leave between two looks."""

    def lines(self) -> Iterator[LogLine]:
        """Give what is there now and was not given yet."""

    def tail(self, count: int, /) -> list[LogLine]:
        """Give the last lines of what is there; the very last has a cursor."""

    def rewind(self) -> None:
        """After a failure between two lines, go on after the last one that was given."""

    def ended(self) -> float | None:
        """Ask the service how many seconds ago the job ended; None while it goes on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a follower waits; all in seconds.

    ``state`` lies between two questions for the job's state.  A line reaches a log a while
    after it was printed: once the job has ended the log is read until nothing has come for
    ``quiet``, at most for ``drain``.  A service that fails is asked again, ever slower, up to
    ``pause`` apart, for ``service`` in all.
    """

    state: float = 3.0
    quiet: float = 3.0
    drain: float = 20.0
    pause: float = 30.0
    service: float = 600.0


def read_log(
    log: LiveLog, patience: Patience, *, follow: bool, last: int | None
) -> Iterator[LogLine]:
    """Give a job's lines, as the hook ``stream_logs`` is asked for them.

    Args:
        log: The job's log, placed after the line that the reading goes on from.
        patience: How long a follower waits.
        follow: Whether to wait for more until the job has ended and its log is drained.
        last: How many of the last lines are enough, of what is there.

    Raises:
        AccessError: a permission is missing.
        ServiceError: the service does not answer; while following only after a while.
    """
    if follow:
        yield from followed(log, patience)
    elif last is not None:
        yield from log.tail(last)
    else:
        yield from log.lines()


def followed(log: LiveLog, patience: Patience) -> Iterator[LogLine]:
    """Give lines as they come until the job has ended and nothing more does.

    Raises:
        AccessError: a permission is missing.
        ServiceError: the service does not answer for longer than patience lasts.
    """
    end = _End(log, patience)
    pause = waited = 0.0
    while True:
        came = False
        try:
            end.look()
            for line in log.lines():
                came = True
                yield line
            pause = waited = 0.0
        except ServiceError:
            if waited > patience.service:
                raise
            log.rewind()
            pause = min(patience.pause, max(1.0, 2 * pause))
            waited += pause
        if not pause and end.is_drained(came):
            return
        time.sleep(pause or log.pace)


class _End:
    """Whether a job has ended, and whether its log can be taken for whole."""

    def __init__(self, log: LiveLog, patience: Patience) -> None:
        self._log, self._patience = log, patience
        self._asked = self._looked = float("-inf")
        self._until: float | None = None
        self._quiet = 0.0

    def look(self) -> None:
        """Ask for the job's state now and then; before the log is read, so that it is whole."""
        now = self._looked = time.monotonic()
        if self._until is not None or now - self._asked < self._patience.state:
            return
        self._asked = now
        ago = self._log.ended()
        if ago is not None:
            drain = self._patience.drain
            self._until = now + min(drain, max(0.0, drain - ago))
            self._quiet = now + self._patience.quiet

    def is_drained(self, came: bool) -> bool:
        """Tell whether what was just read is the end.

        What counts is when the reading began: what came later may not be in it.
        """
        if self._until is None:
            return False
        if came:
            self._quiet = time.monotonic() + self._patience.quiet
        return self._looked >= min(self._quiet, self._until)
