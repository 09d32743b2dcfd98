"""Cloud Logging: entries, when they can be read, and how often they may be."""

from __future__ import annotations

import base64
import contextlib
import itertools
import json
import secrets
import threading
import time
from typing import TYPE_CHECKING, Any

from tests.clouds.gcp.errors import ApiError, info, invalid
from tests.clouds.gcp.log_filter import parse
from tests.clouds.gcp.moments import shown
from tests.clouds.gcp.routes import route

if TYPE_CHECKING:
    from tests.clouds.gcp.asked import Asked

MOST, USUAL = 1000, 50
QUOTA = (
    "Quota exceeded for quota metric 'Read requests' and limit 'Read requests per minute' of "
    "service 'logging.googleapis.com' for consumer 'project_number:{number}'."
)


class Logs:
    """All entries of the project, and the calls about them."""

    def __init__(self, project: str, number: str) -> None:
        """Begin with none."""
        self.project, self._number = project, number
        self._lock = threading.Lock()
        self._serial = itertools.count()
        self._entries: list[tuple[float, dict[str, Any]]] = []
        self._reads: list[float] = []
        self.reset()

    def reset(self) -> None:
        """Forget all entries, and be quick and tidy again."""
        with self._lock:
            self._entries.clear()
            self._reads.clear()
        #: Seconds until an entry can be read.
        self.delay = 0.0
        #: Whether each entry is there twice, with the same insertId.
        self.twice = False
        #: Whether pages that hold nothing come before those that do, as they may.
        self.empty_pages = False
        #: Reads in a minute that are allowed; 60 in truth, which no test wants to wait for.
        self.read_quota = float("inf")

    def write(self, entry: dict[str, Any], when: float) -> None:
        """Take an entry of a time."""
        told = {
            **entry,
            "insertId": f"{next(self._serial):06d}{secrets.token_hex(5)}",
            "timestamp": shown(when),
        }
        seen = time.time() + self.delay
        told["receiveTimestamp"] = shown(seen)
        with self._lock:
            self._entries += [(seen, told)] * (2 if self.twice else 1)

    def of(self, job: str) -> list[str]:
        """Give the lines of a job's containers, as they came."""
        with self._lock:
            entries = [entry for _, entry in self._entries]
        return [
            entry["jsonPayload"].get("message", "").removesuffix("\n")
            for entry in entries
            if "jsonPayload" in entry and entry["resource"]["labels"].get("job_id") == job
        ]

    @property
    def most_reads(self) -> int:
        """Give how many reads there were in the busiest minute."""
        reads = sorted(self._reads)
        return max((sum(each <= r < each + 60 for r in reads) for each in reads), default=0)

    @route("POST /v2/entries:list", "logging:entries.list", "logging.logEntries.list")
    def read(self, asked: Asked) -> Any:
        """List the entries that fit, a page at a time."""
        wanted = asked.json()
        self._count()
        self._check(wanted)
        size = min(int(wanted.get("pageSize") or USUAL), MOST)
        start, empty = _place(wanted)
        found = self._found(wanted)
        if self.empty_pages and not empty:
            return {"nextPageToken": _token(wanted, start, empty=True)}
        told: dict[str, Any] = {}
        if page := found[start : start + size]:
            told["entries"] = page
        if start + size < len(found):
            told["nextPageToken"] = _token(wanted, start + size)
        return told

    @route("POST /v2/entries:write", "logging:entries.write", "logging.logEntries.create")
    def create(self, asked: Asked) -> Any:
        """Take entries, as clients write them."""
        wanted = asked.json()
        common: dict[str, Any] = {
            name: wanted[name] for name in ("logName", "resource") if name in wanted
        }
        for entry in wanted.get("entries", []):
            self.write({**common, "labels": wanted.get("labels", {}), **entry}, time.time())
        return {}

    def _found(self, wanted: dict[str, Any]) -> list[dict[str, Any]]:
        fits = parse(wanted.get("filter", ""))
        now = time.time()
        with self._lock:
            entries = [entry for seen, entry in self._entries if seen <= now]
        newest = "desc" in wanted.get("orderBy", "").lower()
        entries = [entry for entry in entries if fits(entry)]
        return sorted(
            entries, key=lambda entry: (entry["timestamp"], entry["insertId"]), reverse=newest
        )

    def _count(self) -> None:
        now = time.time()
        if sum(each > now - 60 for each in self._reads) >= self.read_quota:
            text = QUOTA.format(number=self._number)
            told = info(
                "RATE_LIMIT_EXCEEDED",
                "logging",
                consumer=f"projects/{self._number}",
                quota_limit="ReadRequestsPerMinutePerProject",
                quota_limit_value=str(int(self.read_quota)),
                quota_location="global",
                quota_metric="logging.googleapis.com/read_requests",
            )
            raise ApiError(429, text, details=(told,))
        self._reads.append(now)

    def _check(self, wanted: dict[str, Any]) -> None:
        names = wanted.get("resourceNames") or []
        if not names:
            raise invalid("Missing required field: resource_names", ("resource_names", "Required"))
        for name in names:
            if name.split("/")[:2] not in (["projects", self.project], ["projects", self._number]):
                raise ApiError(403, f"Permission denied for resource {name}")
        if wanted.get("orderBy", "timestamp asc") not in ("", "timestamp asc", "timestamp desc"):
            raise invalid("Invalid orderBy: use 'timestamp asc' or 'timestamp desc'.")
        if not int(wanted.get("pageSize") or 0) >= 0:
            raise invalid("page_size must not be negative")


def _place(wanted: dict[str, Any]) -> tuple[int, bool]:
    """Give where a page begins, and whether the empty one before it was given."""
    token = wanted.get("pageToken", "")
    if not token:
        return 0, False
    with contextlib.suppress(ValueError):
        start, empty, text = json.loads(base64.b64decode(token, validate=True))
        if text == wanted.get("filter", ""):
            return int(start), bool(empty)
    raise invalid("page_token doesn't match arguments from the request")


def _token(wanted: dict[str, Any], start: int, *, empty: bool = False) -> str:
    told = json.dumps([start, empty, wanted.get("filter", "")])
    return base64.b64encode(told.encode()).decode()
