"""What a job printed: the launcher's lines of JSON, which the engine keeps.

A cursor is how many lines came before.  The engine can be asked for lines by time only, and two
lines may have one time; so it is read from its beginning, which is quick.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

from fahr_core.errors import FahrError
from fahr_core.models import LogLine
from fahr_docker.train_driver.connection import containers_of
from fahr_docker.train_driver.keeping import kept

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from fahr_core.models import JobRef
    from fahr_docker.train_driver.containers import Containers

__all__ = ["read_log"]

_PAUSE = 0.05
_PIECE = 256 * 1024


def read_log(ref: JobRef, *, follow: bool, after: str | None) -> Iterator[LogLine]:
    """Give the lines from after the cursor; with ``follow`` until the job has ended.

    Raises:
        EngineLost: the engine does not answer, or stopped to; the job may go on.
        FahrError: the container was removed.
    """
    reader = _Reader(ref, int(after or 0))
    if kept(ref.data["run_id"]):
        yield from reader.at_home()
        return
    containers = containers_of(ref)
    if follow:
        yield from reader.live(containers)
    yield from reader.rest(containers)


class _Reader:
    """Reads one job's log, as often as it takes, and gives each line once."""

    def __init__(self, ref: JobRef, given: int) -> None:
        self._ref = ref
        self._given = given

    def live(self, containers: Containers) -> Iterator[LogLine]:
        """Give lines as they come until the container does not run any more."""
        while self._runs(containers):
            with containers.log(self._ref.id, follow=True) as pieces:
                yield from self._lines(pieces)
            if self._runs(containers):  # the log ends a moment earlier, or the engine restarted
                time.sleep(_PAUSE)

    def rest(self, containers: Containers) -> Iterator[LogLine]:
        """Give the lines that are there."""
        seen = containers.look(self._ref.id)
        if seen is None or seen.run_id != self._ref.data["run_id"]:
            yield from self.at_home()
            return
        with containers.log(self._ref.id, follow=False) as pieces:
            yield from self._lines(pieces, whole=not seen.is_running)

    def at_home(self) -> Iterator[LogLine]:
        """Give the lines of a job that came home."""
        home = kept(self._ref.data["run_id"])
        if home is None:
            raise FahrError(f"the container {self._ref.id} was removed, and its log with it")
        with home[0].log.open("rb") as log:
            yield from self._lines(iter(lambda: log.read(_PIECE), b""), whole=True)

    def _runs(self, containers: Containers) -> bool:
        seen = containers.look(self._ref.id)
        return seen is not None and seen.is_running

    def _lines(self, pieces: Iterable[bytes], *, whole: bool = False) -> Iterator[LogLine]:
        """Give the lines that were not given yet; an unfinished last one only at the end."""
        for number, raw in enumerate(_cut(pieces, whole=whole), start=1):
            if number > self._given:
                self._given = number
                yield _line(raw, str(number))


def _cut(pieces: Iterable[bytes], *, whole: bool) -> Iterator[bytes]:
    rest = b""
    for piece in pieces:
        *lines, rest = (rest + piece).split(b"\n")
        yield from lines
    if whole and rest:
        yield rest


def _line(raw: bytes, cursor: str) -> LogLine:
    try:
        told = json.loads(raw)
        text, at, source = told["text"], told["time"], told["source"]
        return LogLine(text=str(text), time=float(at), source=str(source), cursor=cursor)
    except (ValueError, KeyError, TypeError):  # not the launcher's: it could not be started
        return LogLine(text=raw.decode("utf-8", "replace").rstrip("\r"), cursor=cursor)
