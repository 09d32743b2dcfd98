"""CloudWatch's streams of a job: one for each host and start, each read forward by tokens."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fahr_core.errors import FahrError
from fahr_sagemaker import asking
from fahr_sagemaker.failures import code_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from fahr_core.models import JobRef

__all__ = ["Event", "Stream", "cursor_of", "find_streams", "place", "read_cursor"]

#: Source: "Log Groups and Streams that Amazon SageMaker AI Sends to Amazon CloudWatch Logs".
_GROUP = "/aws/sagemaker/TrainingJobs"
#: GetLogEvents gives at most so many.
_PAGE = 10_000


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a stream; ``time`` in milliseconds since the epoch, as CloudWatch keeps it."""

    stream: Stream
    time: int
    text: str


@dataclass(slots=True, eq=False)
class Stream:
    """One host's log from one start of its container on.

    Where it is read to stands twice.  ``token`` is CloudWatch's word for it, exact, and valid
    for a day.  ``time`` and ``count`` say the same for a later reader: ``count`` lines of
    the moment ``time`` (milliseconds) were given, and all before it.
    """

    ref: JobRef
    name: str
    token: str | None = None
    time: int = -1
    count: int = 0
    _since: dict[str, int] = field(default_factory=dict)  # goes with its token

    @property
    def host(self) -> str:
        """Give the host's name: ``algo-1``."""
        return "-".join(self.name.rpartition("/")[2].split("-")[:2])

    def events(self, at_once: int = _PAGE) -> Iterator[Event]:
        """Give what is there from the position on; the position follows what is taken.

        A page that is partly full, or empty, is not the end: the same token twice is.
        """
        skipped = 0 if self.token else self.count
        while True:
            try:
                page = self._page(at_once)
            except FahrError as error:
                if code_of(error) != "InvalidParameterException" or not self.token:
                    raise
                self.token, skipped = None, self.count  # it has expired
                continue
            for line in page["events"]:
                if skipped and line["timestamp"] == self.time:
                    skipped -= 1
                    continue
                skipped = 0
                yield Event(self, line["timestamp"], line["message"])
            if page["nextForwardToken"] == self.token:
                return
            self.token = page["nextForwardToken"]

    def take(self, event: Event) -> None:
        """Move the position past a line that was given."""
        if event.time > self.time:
            self.time, self.count = event.time, 0
        if event.time == self.time:
            self.count += 1

    def tail(self, count: int) -> list[Event]:
        """Give the last lines, and stand at the end."""
        lines: list[Event] = []
        token: str | None = None
        while len(lines) < count:
            goes_on = {"nextToken": token} if token else {}
            wanted = min(count - len(lines), _PAGE)
            page = self._asked(startFromHead=False, limit=wanted, **goes_on)
            lines[:0] = [Event(self, line["timestamp"], line["message"]) for line in page["events"]]
            if page["nextBackwardToken"] == token:
                break
            token = page["nextBackwardToken"]
        if lines:
            self._stand_after(lines)
        return lines

    def _stand_after(self, lines: list[Event]) -> None:
        self.token, self.time = None, lines[-1].time
        if lines[0].time < self.time:
            self.count = sum(line.time == self.time for line in lines)
        else:  # there may be more of this moment before them
            all_since = Stream(self.ref, self.name, time=self.time).events()
            self.count = sum(line.time == self.time for line in all_since)

    def rewind(self) -> None:
        """Go on by time and count: what was asked for may not all have been given."""
        self.token = None

    def _page(self, at_once: int) -> dict[str, Any]:
        if not self.token:
            self._since = {"startTime": self.time} if self.time >= 0 else {}
        token = {"nextToken": self.token} if self.token else {}
        return self._asked(startFromHead=True, limit=at_once, **self._since, **token)

    def _asked(self, **how: Any) -> dict[str, Any]:
        return asking.asked(
            self.ref,
            lambda client: client.call(
                "logs", "GetLogEvents", logGroupName=_GROUP, logStreamName=self.name, **how
            ),
        )


def find_streams(ref: JobRef) -> list[str]:
    """Give the names of a job's streams that are there by now, by host and then by start."""
    prefix = f"{asking.job_name(ref)}/"
    try:
        pages = asking.asked(
            ref,
            lambda client: list(
                client.pages(
                    "logs", "DescribeLogStreams", logGroupName=_GROUP, logStreamNamePrefix=prefix
                )
            ),
        )
    except FahrError as error:
        if code_of(error) == "ResourceNotFoundException":
            return []  # the account has never run a training job
        raise
    return [stream["logStreamName"] for page in pages for stream in page["logStreams"]]


def cursor_of(stream: Stream) -> str:
    """Write down where a stream is read to."""
    return f"{json.dumps(stream.name.rpartition('/')[2])}:[{stream.time},{stream.count}]"


def read_cursor(text: str | None) -> dict[str, Any]:
    """Give the positions that a line's cursor holds, by the last part of the stream's name.

    Raises:
        FahrError: it is no cursor of this driver's.
    """
    try:
        return dict(json.loads(text)) if text else {}
    except (TypeError, ValueError) as error:
        raise FahrError(f"{text!r} is no cursor of a SageMaker log") from error


def place(stream: Stream, cursor: Mapping[str, Any]) -> Stream:
    """Put a stream where a cursor says; at its head when the cursor does not know it."""
    if position := cursor.get(stream.name.rpartition("/")[2]):
        stream.time, stream.count = position
    return stream
