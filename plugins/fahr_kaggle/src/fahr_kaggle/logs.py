"""A job's log: Kaggle's pieces, live or kept, made into lines that can be counted.

Kaggle replays a live log from its start at each connection, so that a line's number is its
cursor, the same live and afterwards.
"""

from __future__ import annotations

import json
import re
import time
from typing import TYPE_CHECKING, Any

from fahr_core.errors import ServiceError
from fahr_core.models import LogLine
from fahr_kaggle import seen
from fahr_kaggle.chain_notes import known_sessions
from fahr_kaggle.connection import NotThere
from fahr_kaggle.kernel import located
from fahr_kaggle.replay import LIVE_QUIET, until_now

if TYPE_CHECKING:
    from collections.abc import Iterator

    import requests

    from fahr_core.models import JobRef
    from fahr_kaggle.client import Kaggle
    from fahr_kaggle.kernel import Kernel

__all__ = ["Lines", "kept_lines", "last_words", "live_events", "read_log"]

_END = "END_OF_LOG"
_OWN = "fahr: "
#: What ``tell_session`` in ``runtime.py`` prints.
_SESSION = re.compile(r"fahr: session ([0-9]+)")
_SOURCES = ("stdout", "stderr")
#: Seconds of silence after which a live log that is followed is opened again.
_LONG_QUIET = 60.0
#: Seconds between two looks at a job that has no log yet.
_PAUSE = 2.0
_LAST_LINES = 5
#: How often the log of a session that is over is opened where its stream breaks off.
_ATTEMPTS = 5


class Lines:
    """Makes lines of pieces that may hold several, or parts of one.

    Counts from ``before`` on and gives those above ``after``; the session's word of its own
    number is kept in ``session`` and is no line of the job's.
    """

    def __init__(self, after: int = 0, before: int = 0) -> None:
        self.number = before
        self.session: int | None = None
        self._parts = dict.fromkeys(_SOURCES, "")
        self._after = after

    def feed(self, event: Any) -> Iterator[LogLine]:
        """Take a piece: an object with ``stream_name``, ``time`` and ``data``."""
        if not isinstance(event, dict):
            event = {"data": str(event)}
        source = event.get("stream_name")
        source = source if source in _SOURCES else "stdout"
        *whole, rest = (self._parts[source] + str(event.get("data", ""))).split("\n")
        self._parts[source] = rest
        for text in whole:
            yield from self._line(source, text)

    def end(self) -> Iterator[LogLine]:
        """Give what has no end of line."""
        for source in _SOURCES:
            if text := self._parts[source]:
                self._parts[source] = ""
                yield from self._line(source, text)

    def _line(self, source: str, text: str) -> Iterator[LogLine]:
        if self.session is None and (said := _SESSION.fullmatch(text)):
            self.session = int(said[1])
            return
        self.number += 1
        if self.number <= self._after:
            return
        if source == "stderr" and text.startswith(_OWN):
            source, text = "fahr", text.removeprefix(_OWN)
        yield LogLine(text=text.rstrip("\r"), source=source, cursor=str(self.number))


def kept_lines(document: str, after: int = 0) -> list[LogLine]:
    """Give the lines of a log as Kaggle keeps it: JSON, or plain text where it is none."""
    lines = Lines(after)
    return list(_whole(lines, document))


def last_words(document: str) -> str | None:
    """Give the last lines of a log as one, for a job that says nothing else of its end."""
    texts = [line.text.strip() for line in kept_lines(document)]
    said = [text for text in texts if text][-_LAST_LINES:]
    return " | ".join(said)[-600:] or None


def _events_of(document: str) -> list[Any]:
    if not document.strip():
        return []
    try:
        found = json.loads(document)
    except ValueError:
        return [{"data": document}]
    return found if isinstance(found, list) else [found]


def read_log(ref: JobRef, follow: bool, after: str | None) -> Iterator[LogLine]:
    """Give a job's lines from after the cursor; with ``follow`` until it has ended.

    Raises:
        AccessError: the credentials are missing or not valid.
        ServiceError: Kaggle does not answer.
    """
    from fahr_kaggle.client import Kaggle

    with Kaggle() as kaggle:
        reading = _Reading(kaggle, ref, int(after or 0))
        yield from reading.followed() if follow else reading.so_far()


class _Reading:
    """One reading of a log, which may need several connections and, of a chain, sessions."""

    def __init__(self, kaggle: Kaggle, ref: JobRef, after: int) -> None:
        self._kaggle, self._ref, self._given = kaggle, ref, after
        self._before = 0  # lines of earlier sessions
        self._lines_of_session = Lines()
        self._ended = self._follows = False

    def so_far(self) -> Iterator[LogLine]:
        """Give the lines that are there now."""
        place = located(self._ref)
        if place is None:
            return
        if self._is_final():
            yield from self.followed()
            return
        kernel, first = place
        for version in known_sessions(self._ref, first):
            yield from self._once(kernel, version, quiet=LIVE_QUIET)
            self._before = self._lines_of_session.number

    def followed(self) -> Iterator[LogLine]:
        """Give lines as they come until the job has ended."""
        place = located(self._ref)
        if place is None:
            return
        kernel, first = place
        index, attempts, self._follows = 0, _ATTEMPTS, True
        while attempts:
            final = self._is_final()
            versions = known_sessions(self._ref, first)
            is_last = index + 1 == len(versions)
            is_over = final or not is_last
            yield from self._once(kernel, versions[index], None if is_over else _LONG_QUIET)
            if not (is_over and self._ended):
                attempts -= 1 if is_over else 0
                time.sleep(_PAUSE / 4 if self._ended else _PAUSE)
            elif is_last:
                return
            else:
                index, attempts = index + 1, _ATTEMPTS
                self._before = self._lines_of_session.number
        raise ServiceError(
            f"the log of {kernel} version {versions[index]} broke off {_ATTEMPTS} times",
            "the same command may work in a minute",
        )

    def _is_final(self) -> bool:
        from fahr_kaggle.states import ask

        state = seen.recall(self._ref, 1) or seen.note(ask(self._kaggle, self._ref))
        return state.state.final

    def _once(self, kernel: Kernel, version: int, quiet: float | None) -> Iterator[LogLine]:
        """Read one connection to its end, giving what was not given before."""
        lines = self._lines_of_session = Lines(self._given, self._before)
        self._ended = False
        try:
            response = self._kaggle.open_log(kernel, version, quiet)
        except NotThere:
            if quiet is None:  # it will not be there later either
                self._ended = True
                yield from self._noted(self._kept(kernel, version, lines))
            return
        with response:
            yield from self._noted(self._lines(response, lines))

    def _noted(self, lines: Iterator[LogLine]) -> Iterator[LogLine]:
        for line in lines:
            self._given = int(line.cursor or 0)
            yield line

    def _kept(self, kernel: Kernel, version: int, lines: Lines) -> Iterator[LogLine]:
        """Give the log that comes with the output, of a session that has no stream any more."""
        try:
            document = self._kaggle.output_page(kernel, version).log
        except NotThere:
            return
        yield from _whole(lines, document)

    def _lines(self, response: requests.Response, lines: Lines) -> Iterator[LogLine]:
        if not response.headers.get("Content-Type", "").startswith("text/event-stream"):
            self._ended = True
            yield from _whole(lines, response.text)
            return
        events = live_events(response)
        for event in events if self._follows else until_now(events):
            if event == _END:
                self._ended = True
                yield from lines.end()
                return
            yield from lines.feed(event)


def _whole(lines: Lines, document: str) -> Iterator[LogLine]:
    for event in _events_of(document):
        yield from lines.feed(event)
    yield from lines.end()


def live_events(response: requests.Response) -> Iterator[Any]:
    """Give the events of a stream; it ends with silence and with a connection that breaks."""
    import requests

    try:
        for raw in response.iter_lines():
            if not raw.startswith(b"data:"):
                continue
            text = raw[len(b"data:") :].decode("utf-8", "replace").strip()
            yield _END if text == _END else _parsed(text)
    except (requests.RequestException, ServiceError):
        return  # the connection broke or was quiet; whoever follows opens it again


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return {"data": text + "\n"}
