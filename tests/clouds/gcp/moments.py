"""Times and spans of time as Google's JSON has them."""

from __future__ import annotations

import datetime
import re

SPAN = re.compile(r"(\d+(?:\.\d{1,9})?)s")


def shown(seconds: float) -> str:
    """Give a time in UTC with its microseconds."""
    moment = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def read(text: str) -> float:
    """Give the seconds of a time.

    Raises:
        ValueError: it is none.
    """
    trimmed = re.sub(r"(\.\d{6})\d+", r"\1", text)
    moment = datetime.datetime.fromisoformat(trimmed)
    if moment.tzinfo is None:
        raise ValueError(f"{text} has no time zone")
    return moment.timestamp()


def seconds(span: str) -> float:
    """Give the seconds of a span such as ``3600s``.

    Raises:
        ValueError: it is none.
    """
    if found := SPAN.fullmatch(span):
        return float(found[1])
    raise ValueError(f"{span} is no span of time")
