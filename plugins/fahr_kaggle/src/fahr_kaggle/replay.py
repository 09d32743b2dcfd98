"""What of a live log was there already: Kaggle replays it, and goes on with what happens now."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["LIVE_QUIET", "until_now"]

#: Seconds of silence after which a live log is taken for read, by who does not follow it.
LIVE_QUIET = 1.5
#: How much faster than the clock a replay is at least.
_FASTER = 3.0
_NO_MORE = object()


def until_now(events: Iterator[Any]) -> Iterator[Any]:
    """Give the events that a stream replays, up to the first that it brings as they happen.

    By the events' own times a replay is faster than the clock.  Only waiting for the stream
    counts, not what the reader does meanwhile.
    """
    begun, waited = None, 0.0
    while True:
        asked = time.monotonic()
        event = next(events, _NO_MORE)
        if event is _NO_MORE:
            return
        told = _time_of(event)
        waited += time.monotonic() - asked
        if begun is None:  # how long the first one takes says nothing
            begun, waited = told, 0.0
        yield event
        if waited >= LIVE_QUIET:
            if told - begun < _FASTER * waited:
                return
            begun, waited = told, 0.0


def _time_of(event: Any) -> float:
    """Give the seconds of the session at which something was printed."""
    told = event.get("time") if isinstance(event, dict) else None
    return float(told) if isinstance(told, int | float) else 0.0
