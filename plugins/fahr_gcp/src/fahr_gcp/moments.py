"""Google's times: RFC 3339 in UTC, with as many digits as there are, up to nanoseconds."""

from __future__ import annotations

import re
from datetime import UTC, datetime

__all__ = ["nanoseconds", "rfc3339", "seconds"]

_BILLION = 1_000_000_000
_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9})\d*)?(Z|[+-]\d\d:\d\d)")


def nanoseconds(text: str) -> int:
    """Give a time as nanoseconds since the epoch; a float would not hold all digits.

    Raises:
        ValueError: it is no time.
    """
    match = _TIME.fullmatch(text)
    if not match:
        raise ValueError(f"{text!r} is no time")
    whole = datetime.fromisoformat(match[1] + match[3].replace("Z", "+00:00"))
    return int(whole.timestamp()) * _BILLION + int((match[2] or "").ljust(9, "0"))


def rfc3339(moment: int) -> str:
    """Write nanoseconds since the epoch as Google takes them in a filter."""
    whole, rest = divmod(moment, _BILLION)
    return f"{datetime.fromtimestamp(whole, UTC):%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"


def seconds(text: str | None) -> float | None:
    """Give a time as seconds since the epoch; None for none."""
    return nanoseconds(text) / _BILLION if text else None
