"""A local job's log: lines of JSON that the launcher appends."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

from fahr_core.local import jobs
from fahr_core.models import LogLine

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fahr_core.models import JobRef

__all__ = ["read_log"]

_PAUSE = 0.015


def read_log(ref: JobRef, *, follow: bool, after: str | None) -> Iterator[LogLine]:
    """Give the lines from after the cursor, a byte offset; with ``follow`` until the end."""
    file = jobs.job_folder(ref.id).log
    position = int(after or 0)
    while True:
        # Asked before reading, so that what was written before the end is not missed.
        ended = not follow or jobs.observe(ref).state.final
        for line in _lines(file, position):
            position = int(line.cursor or 0)
            yield line
        if ended:
            return
        time.sleep(_PAUSE)


def _lines(file: Path, position: int) -> Iterator[LogLine]:
    """Give the whole lines from a position on; a line still being written is left."""
    try:
        stream = file.open("rb")
    except FileNotFoundError:
        return
    with stream:
        stream.seek(position)
        while (raw := stream.readline()).endswith(b"\n"):
            position += len(raw)
            yield _line(raw, str(position))


def _line(raw: bytes, cursor: str) -> LogLine:
    try:
        entry = json.loads(raw)
        return LogLine(
            text=entry["text"], time=entry["time"], source=entry["source"], cursor=cursor
        )
    except (ValueError, KeyError, TypeError):  # a full disk may cut a line
        return LogLine(text=raw.decode("utf-8", "replace").rstrip("\n"), cursor=cursor)
