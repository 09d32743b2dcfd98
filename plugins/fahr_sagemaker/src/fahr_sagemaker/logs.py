"""A job's log: CloudWatch's streams of all its hosts as one, live, each line once."""

from __future__ import annotations

import heapq
import time
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from fahr_core.live_log import Patience, read_log
from fahr_core.models import LogLine
from fahr_sagemaker import asking
from fahr_sagemaker.streams import Stream, cursor_of, find_streams, place, read_cursor

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from fahr_core.models import JobRef
    from fahr_sagemaker.streams import Event

__all__ = ["stream_logs"]

#: Seconds between two looks at the log, for each ten hosts: CloudWatch answers 25 questions in
#: a second for an account and region.  Source: "CloudWatch Logs quotas".
_PACE = 1.0
_HOSTS = 10
#: Seconds between two questions for the job's state.
_STATE_PACE = 3.0
#: A line reaches CloudWatch a few seconds after it was printed: after the job's end the log is
#: read until nothing has come for so many seconds, at most for so many.
_QUIET, _DRAIN = 3.0, 20.0
#: A service that fails is asked again, ever slower, for so many seconds.
_LONGEST_PAUSE, _PATIENCE = 30.0, 600.0
_ENDED = ("Completed", "Failed", "Stopped")


def stream_logs(
    ref: JobRef, follow: bool, after: str | None, last: int | None = None
) -> Iterator[LogLine]:
    """Give the lines of all hosts, oldest first; see :func:`fahr_core.live_log.read_log`.

    Raises:
        AccessError: a permission is missing.
        FahrError: ``after`` is no cursor of this driver's.
        ServiceError: CloudWatch does not answer; while following only after ten minutes.
    """
    return read_log(_Log(ref, after), _patience(), follow=follow, last=last)


class _Log:
    """The streams of a job that were found so far, and where each is read to."""

    def __init__(self, ref: JobRef, after: str | None) -> None:
        self.ref = ref
        self._after = read_cursor(after)
        self._streams: dict[str, Stream] = {}
        self._cursors: dict[str, str] = {}

    def lines(self) -> Iterator[LogLine]:
        """Give what is there now and was not given yet, hosts put together by time."""
        self._look()
        at_once = max(100, 10_000 // max(1, len(self._streams)))
        pages = [stream.events(at_once) for stream in self._streams.values()]
        for event in heapq.merge(*pages, key=attrgetter("time")):
            event.stream.take(event)
            self._cursors[event.stream.name] = cursor_of(event.stream)
            yield self._line(event, self._cursor())

    def tail(self, count: int) -> list[LogLine]:
        """Give the last lines; only the last of them has a cursor, for all streams."""
        self._look()
        if count <= 0:
            return []
        events = [event for stream in self._streams.values() for event in stream.tail(count)]
        events = sorted(events, key=attrgetter("time"))[-count:]
        for stream in self._streams.values():
            if stream.time >= 0:
                self._cursors[stream.name] = cursor_of(stream)
        lines = [self._line(event, None) for event in events[:-1]]
        return lines + [self._line(event, self._cursor()) for event in events[-1:]]

    def rewind(self) -> None:
        """After a failure between two lines, go on after the last one that was given."""
        for stream in self._streams.values():
            stream.rewind()

    @property
    def pace(self) -> float:
        """Give the seconds between two looks."""
        return _PACE * (1 + len(self._streams) // _HOSTS)

    def ended(self) -> float | None:
        """Ask SageMaker how long ago the job ended; one that is unknown is over."""
        told = asking.describe(self.ref)
        if told is None:
            return _DRAIN
        return _ago(told) if told["TrainingJobStatus"] in _ENDED else None

    def _look(self) -> None:
        """Find the streams: a host's appears with its first line, a restart makes a new one."""
        for name in find_streams(self.ref):
            if name not in self._streams:
                stream = self._streams[name] = place(Stream(self.ref, name), self._after)
                if stream.time >= 0:
                    self._cursors[name] = cursor_of(stream)

    def _cursor(self) -> str:
        return "{" + ",".join(self._cursors.values()) + "}"

    def _line(self, event: Event, cursor: str | None) -> LogLine:
        several = len({stream.host for stream in self._streams.values()}) > 1
        source = event.stream.host if several else "stdout"
        return LogLine(text=event.text, time=event.time / 1000, source=source, cursor=cursor)


def _patience() -> Patience:
    return Patience(
        state=_STATE_PACE, quiet=_QUIET, drain=_DRAIN, pause=_LONGEST_PAUSE, service=_PATIENCE
    )


def _ago(told: Mapping[str, Any]) -> float:
    """Give the seconds since a job's end, all by the service's own clock."""
    from email.utils import parsedate_to_datetime

    ended = told.get("TrainingEndTime") or told.get("LastModifiedTime")
    date = told.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
    now = parsedate_to_datetime(date).timestamp() if date else time.time()
    return now - ended.timestamp() if ended else 0.0
