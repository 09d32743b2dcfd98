"""Entries of Cloud Logging: what each says, and which of them were given already.

A line may appear in the log after later ones: machines send what they have when they can.  So
each look goes back a while before the newest entry that was given, and what was given is told by
its time and ``insertId``, which are an entry's key within a project.
Source: "LogEntry" and "Method: entries.list", Cloud Logging API reference.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fahr_core.errors import FahrError
from fahr_gcp.moments import nanoseconds

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["OVERLAP", "Entry", "Given", "Position", "entry_of", "read_position"]

#: Nanoseconds before the newest entry that each look goes back to, and how many entries at most:
#: of a job that prints much, going back further would use up the reads that a minute has.
OVERLAP = 60 * 1_000_000_000
_KEPT = 2000
#: What Vertex AI puts beside what was printed, and what its own loggers put beside a message.
_BESIDE = {"attrs", "levelname"}
_OWN_KEYS = _BESIDE | {"created", "lineno", "message", "pathname", "severity", "tag"}
#: The task of what the service itself says of a job.
_SERVICE = "service"
_LOUD = {"ERROR", "CRITICAL", "ALERT", "EMERGENCY"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry; ``time`` and ``received`` in nanoseconds since the epoch.

    ``task`` is the replica (``workerpool0-0``) or ``service``; ``loud`` tells what was written to
    stderr, which the service calls an error, and is none.
    """

    time: int
    id: str
    received: int = 0
    task: str = ""
    loud: bool = False
    text: str = ""

    @property
    def key(self) -> tuple[int, str]:
        """Give what tells an entry from others, and its place among them."""
        return self.time, self.id

    @property
    def by_service(self) -> bool:
        """Tell whether the service itself says it."""
        return self.task == _SERVICE

    @property
    def lines(self) -> list[str]:
        """Give what was printed, a line each."""
        return [line.rstrip("\r") for line in self.text.removesuffix("\n").split("\n")]


def entry_of(told: Mapping[str, Any]) -> Entry:
    """Read an entry as ``entries:list`` gives it."""
    received = told.get("receiveTimestamp")
    return Entry(
        time=nanoseconds(str(told["timestamp"])),
        id=str(told.get("insertId", "")),
        received=nanoseconds(str(received)) if received else 0,
        task=str(((told.get("resource") or {}).get("labels") or {}).get("task_name") or ""),
        loud=told.get("severity") in _LOUD,
        text=_text(told),
    )


def _text(told: Mapping[str, Any]) -> str:
    """Give what was printed: a line of JSON that a job printed has become an object."""
    payload = told.get("jsonPayload")
    if not isinstance(payload, dict):
        return str(told.get("textPayload") or "")
    message = payload.get("message")
    if isinstance(message, str) and payload.keys() <= _OWN_KEYS:
        return message
    printed = {key: value for key, value in payload.items() if key not in _BESIDE}
    return json.dumps(printed, ensure_ascii=False)


# -- which were given -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Position:
    """Where a log was read to: the latest entry given, and when the log itself got one last."""

    time: int
    id: str
    received: int = 0

    def __str__(self) -> str:
        return json.dumps([self.time, self.id, self.received], separators=(",", ":"))


def read_position(text: str | None) -> Position | None:
    """Read a line's cursor.

    Raises:
        FahrError: it is no cursor of this driver's.
    """
    if not text:
        return None
    try:
        time, name, received = json.loads(text)
        return Position(int(time), str(name), int(received))
    except (TypeError, ValueError) as error:
        raise FahrError(f"{text!r} is no cursor of a Google Cloud log") from error


class Given:
    """The entries that were given, and where the next look begins."""

    def __init__(self, after: Position | None = None) -> None:
        self.position = after
        self._after = after
        self._floor = after.time - OVERLAP if after else None
        self._seen: set[tuple[int, str]] = set()

    @property
    def floor(self) -> int | None:
        """Give the time after which entries may be new; None at the log's beginning."""
        return self._floor

    def is_new(self, entry: Entry) -> bool:
        """Tell whether an entry was not given yet."""
        if entry.key in self._seen or (self._floor is not None and entry.time <= self._floor):
            return False
        after = self._after
        if after is None or entry.key > (after.time, after.id):
            return True
        return entry.key != (after.time, after.id) and 0 < after.received < entry.received

    def take(self, entry: Entry) -> None:
        """Note that an entry is given."""
        self._seen.add(entry.key)
        latest = self.position
        key = max(entry.key, (latest.time, latest.id)) if latest else entry.key
        received = max(entry.received, latest.received) if latest else entry.received
        self.position = Position(*key, received)

    def forget(self) -> None:
        """Forget the entries that no later look goes back to; entries come in their order."""
        if self.position is None:
            return
        floor = self.position.time - OVERLAP
        if len(self._seen) > _KEPT:
            floor = max(floor, sorted(self._seen)[-_KEPT][0] - 1)
        self._floor = max(floor, self._floor) if self._floor is not None else floor
        self._seen = {key for key in self._seen if key[0] > self._floor}
