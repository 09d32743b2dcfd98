"""Durations and sizes as people write and read them."""

from __future__ import annotations

import re

from fahr_core.errors import UsageError

__all__ = ["age", "duration", "parse_duration", "size"]

_UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_PART = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(d|h|min|m|s|)\s*", re.IGNORECASE)


def parse_duration(text: str) -> float:
    """Read ``2h``, ``90m``, ``1h30m``, ``45 s`` or bare seconds; gives seconds.

    Raises:
        UsageError: it is none of these, or not above zero.
    """
    position, total = 0, 0.0
    while position < len(text):
        match = _PART.match(text, position)
        if not match:
            raise UsageError(f'"{text}" is not a duration', "write 90s, 30m, 2h or 1h30m")
        total += float(match[1]) * _UNITS[match[2].lower()]
        position = match.end()
    if total <= 0:
        raise UsageError(f'"{text}" is not a duration above zero', "write 90s, 30m, 2h or 1h30m")
    return total


def duration(seconds: float) -> str:
    """Tell a duration in its largest unit: ``0.4 s``, ``12 min``, ``3 h``, ``2 d``."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 100:
        return f"{seconds:.0f} s"
    if seconds < 100 * 60:
        return f"{seconds / 60:.0f} min"
    if seconds < 48 * 3600:
        return f"{seconds / 3600:.0f} h"
    return f"{seconds / 86400:.0f} d"


def age(then: float | None, now: float) -> str:
    """Tell how long ago something was."""
    return "" if then is None else duration(max(0.0, now - then))


def size(count: int) -> str:
    """Tell a number of bytes: ``312 B``, ``9 kB``, ``1.2 GB``."""
    value = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit in ("B", "kB") else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} TB"
