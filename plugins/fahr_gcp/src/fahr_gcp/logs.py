"""A job's log: the entries of all its replicas in Cloud Logging, live, each line once.

A project may read the log 60 times in a minute, whoever asks: each look takes as few reads as
there are thousands of new entries, and looks lie apart.
Source: "Quotas and limits", Cloud Logging, "entries.list requests".
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from fahr_core.errors import ServiceError
from fahr_core.live_log import Patience, read_log
from fahr_core.models import LogLine
from fahr_gcp import asking
from fahr_gcp.entries import Given, entry_of, read_position
from fahr_gcp.failures import status_of
from fahr_gcp.moments import rfc3339, seconds
from fahr_gcp.states import is_final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from fahr_core.models import JobRef
    from fahr_gcp.entries import Entry

__all__ = ["last_of_replicas", "stream_logs"]

#: Entries of one read, at most. Source: "Method: entries.list".
_PAGE = 1000
#: Seconds between two looks, and for each read that the last one took: others read too.  So
#: many reads of a long log come one after the other before they are paced.
_PACE, _PACE_OF_READ = 3.0, 1.5
_AT_A_STRETCH = 15
#: Seconds between two questions for the job's state.
_STATE_PACE = 6.0
#: A line reaches the log some seconds after it was printed, now and then a minute: after the
#: job's end it is read until nothing has come for so many seconds, at most for so many.
_QUIET, _DRAIN = 10.0, 60.0
#: A service that fails is asked again, ever slower, for so many seconds; so is one whose
#: minute's reads are used up.
_LONGEST_PAUSE, _PATIENCE = 30.0, 600.0
_QUOTA_PAUSE = 15.0
_TOO_MANY = 429


def stream_logs(
    ref: JobRef, follow: bool, after: str | None, last: int | None = None
) -> Iterator[LogLine]:
    """Give the lines of all replicas, oldest first; see :func:`fahr_core.live_log.read_log`.

    Raises:
        AccessError: a permission is missing.
        FahrError: ``after`` is no cursor of this driver's.
        ServiceError: Google does not answer; while following only after ten minutes.
    """
    given = Given(read_position(after))
    told = asking.describe(ref)
    if told is None:
        return iter(())
    return read_log(_Log(ref, told, given), _patience(), follow=follow, last=last)


def last_of_replicas(
    ref: JobRef, told: Mapping[str, Any], replicas: Sequence[str], count: int
) -> list[LogLine]:
    """Give the last lines that some of a job's replicas printed; of all where none is named."""
    return _Log(ref, told, Given(), replicas).tail(count, own=False)


class _Log:
    """A job's log, and what of it was given."""

    def __init__(
        self, ref: JobRef, told: Mapping[str, Any], given: Given, replicas: Sequence[str] = ()
    ) -> None:
        self._ref, self._given = ref, given
        self._several = _replica_count(told) > 1
        self._filter = _filter_of(ref, told, replicas)
        self._reads = 0

    @property
    def pace(self) -> float:
        """Give the seconds between two looks."""
        return max(_PACE, self._reads * _PACE_OF_READ)

    def lines(self) -> Iterator[LogLine]:
        """Give what is there now and was not given yet."""
        floor = self._given.floor
        since = "" if floor is None else f' AND timestamp>"{rfc3339(max(0, floor))}"'
        for entries in self._pages(self._filter + since, "timestamp asc", _PAGE):
            for entry in entries:
                if self._given.is_new(entry):
                    self._given.take(entry)
                    yield from self._lines(entry)
            self._given.forget()

    def tail(self, count: int, *, own: bool = True) -> list[LogLine]:
        """Give the last lines; with ``own`` those too that the service itself says."""
        found: list[Entry] = []
        lines = 0
        for entries in self._pages(self._filter, "timestamp desc", max(200, min(_PAGE, count))):
            found += entries
            lines += sum(len(entry.lines) for entry in entries if own or not entry.by_service)
            if lines >= count:
                break
        last: list[LogLine] = []
        for entry in reversed(found):
            if self._given.is_new(entry):
                self._given.take(entry)
                last += self._lines(entry) if own or not entry.by_service else ()
        return last[-count:] if count > 0 else []

    def rewind(self) -> None:
        """Need nothing: what is read again after a failure is told by what was given."""

    def ended(self) -> float | None:
        """Ask Vertex AI how long ago the job ended; one that is unknown is over."""
        told = asking.describe(self._ref)
        if told is None:
            return _DRAIN
        if not is_final(told):
            return None
        ended = seconds(told.get("endTime") or told.get("updateTime"))
        return max(0.0, time.time() - ended) if ended else 0.0

    def _pages(self, wanted: str, order: str, size: int) -> Iterator[list[Entry]]:
        """Read the log; a page that is empty is not the end, one without a token is."""
        body = {
            "resourceNames": [f"projects/{self._ref.data['project']}"],
            "filter": wanted,
            "orderBy": order,
            "pageSize": size,
        }
        self._reads = 0
        while True:
            page = self._page(body)
            self._reads += 1
            yield [entry_of(told) for told in page.get("entries") or ()]
            if not page.get("nextPageToken"):
                return
            body["pageToken"] = page["nextPageToken"]
            if self._reads >= _AT_A_STRETCH:
                time.sleep(_PACE_OF_READ)

    def _page(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Read one page; where the minute's reads are used up, wait for the next ones."""
        until = time.monotonic() + _PATIENCE
        while True:
            try:
                return asking.asked(
                    self._ref,
                    lambda client: client.call("logging", "POST", "v2/entries:list", body=body),
                )
            except ServiceError as error:
                if status_of(error) != _TOO_MANY or time.monotonic() > until:
                    raise
            time.sleep(_QUOTA_PAUSE)

    def _lines(self, entry: Entry) -> Iterator[LogLine]:
        """Give an entry's lines; whoever has the last has them all, so that it has the cursor."""
        source = "stderr" if entry.loud else "stdout"
        if entry.by_service or (self._several and entry.task):
            source = entry.task
        *before, last = entry.lines
        moment = entry.time / 1_000_000_000
        for text in before:
            yield LogLine(text=text, time=moment, source=source)
        yield LogLine(text=last, time=moment, source=source, cursor=str(self._given.position))


def _patience() -> Patience:
    return Patience(
        state=_STATE_PACE, quiet=_QUIET, drain=_DRAIN, pause=_LONGEST_PAUSE, service=_PATIENCE
    )


def _filter_of(ref: JobRef, told: Mapping[str, Any], replicas: Sequence[str]) -> str:
    """Say which entries: bounded in time, for a log is kept for a month and more."""
    parts = ['resource.type="ml_job"', f'resource.labels.job_id="{ref.id}"']
    if told.get("createTime"):
        parts.append(f'timestamp>="{told["createTime"]}"')
    if replicas:
        names = " OR ".join(f'"{name}"' for name in replicas)
        parts.append(f"resource.labels.task_name=({names})")
    return " AND ".join(parts)


def _replica_count(told: Mapping[str, Any]) -> int:
    pools = (told.get("jobSpec") or {}).get("workerPoolSpecs") or ()
    return sum(int(pool.get("replicaCount") or 1) for pool in pools if pool)
