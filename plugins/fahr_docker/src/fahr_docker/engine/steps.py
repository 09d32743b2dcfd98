"""The steps of a build, read from buildx's stream of JSON documents, told as progress.

Source: BuildKit's ``client.SolveStatus``, which ``--progress=rawjson`` prints; buildx 0.13
spreads a document over lines, later ones do not.
"""

from __future__ import annotations

import base64
import json
import re
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from fahr_core.hookspecs import Progress

__all__ = ["Step", "Steps", "documents"]

_KEPT_LINES = 200
_NOTHING_TO_SEE = re.compile(r"\[internal\]|exporting to image|CACHED")
_SPACES = re.compile(r"\s+")


@dataclass(slots=True)
class Step:
    """A step, with the end of what it printed; ``begun`` is a line that has no end yet."""

    name: str
    error: str | None = None
    begun: str = ""
    lines: deque[str] = field(default_factory=lambda: deque(maxlen=_KEPT_LINES))


class Steps:
    """What has happened in a build so far."""

    def __init__(self, stage: str, progress: Progress) -> None:
        self._stage, self._progress = stage, progress
        self._steps: dict[str, Step] = {}
        self._sizes: dict[tuple[str, str], tuple[int, int]] = {}
        self.others: deque[str] = deque(maxlen=_KEPT_LINES)

    def read(self, lines: Iterable[str]) -> None:
        """Follow a build's output to its end."""
        for document in documents(lines):
            if isinstance(document, str):
                self.others.append(document)
                continue
            for vertex in document.get("vertexes") or ():
                self._vertex(vertex)
            for status in document.get("statuses") or ():
                self._status(status)
            for log in document.get("logs") or ():
                self._log(log)

    def failed(self) -> Step | None:
        """Give the step that failed, if one did; what was cancelled with it does not count."""
        failed = [step for step in self._steps.values() if step.error]
        own = [step for step in failed if "context canceled" not in (step.error or "")]
        return next(iter(own or failed), None)

    def _vertex(self, vertex: dict[str, Any]) -> None:
        name = _SPACES.sub(" ", str(vertex.get("name", "")))
        fresh = str(vertex.get("digest")) not in self._steps
        step = self._steps.setdefault(str(vertex.get("digest")), Step(name))
        step.error = vertex.get("error") or step.error
        begins = vertex.get("started") and not vertex.get("completed") and not vertex.get("cached")
        if (fresh or begins) and begins and not _NOTHING_TO_SEE.match(name):
            self._progress(self._stage, shortened(name))

    def _status(self, status: dict[str, Any]) -> None:
        """Count the bytes of a layer that is pulled or written; what has no total has no size."""
        key = (str(status.get("vertex")), str(status.get("id")))
        total = int(status.get("total") or 0)
        if not total:
            return
        self._sizes[key] = (int(status.get("current") or 0), total)
        step = self._steps.get(key[0])
        mine = [size for (vertex, _), size in self._sizes.items() if vertex == key[0]]
        done, whole = (sum(column) for column in zip(*mine, strict=True))
        self._progress(self._stage, shortened(step.name if step else ""), done, whole)

    def _log(self, log: dict[str, Any]) -> None:
        step = self._steps.setdefault(str(log.get("vertex")), Step(""))
        text = base64.b64decode(log.get("data") or "").decode("utf-8", "replace")
        *lines, step.begun = re.split(r"\r?\n|\r", step.begun + text)
        for line in lines:
            if line.strip():
                step.lines.append(line.rstrip())
                self._progress(self._stage, line.strip())


def documents(lines: Iterable[str]) -> Iterator[dict[str, Any] | str]:
    """Give the JSON documents of a stream, and as texts the lines that are none."""
    begun: list[str] = []
    for line in lines:
        if not begun and not line.startswith("{"):
            yield line.rstrip("\n")
            continue
        begun.append(line)
        if len(begun) == 1 or line.rstrip() == "}":
            try:
                document = json.loads("".join(begun))
            except ValueError:
                continue
            begun.clear()
            yield document
    yield from (line.rstrip("\n") for line in begun)


def shortened(name: str, width: int = 70) -> str:
    """Give a step's name in one line: the options of RUN say nothing to who waits."""
    plain = re.sub(r"(?<= )--mount=\S+ ", "", _SPACES.sub(" ", name))
    return plain if len(plain) <= width else plain[: width - 3] + "..."
