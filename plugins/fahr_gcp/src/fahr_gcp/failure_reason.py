"""Why a custom job failed: the job's own words, for the service tells the exit status alone."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fahr_core.asked_states import reason_by_log
from fahr_core.errors import FahrError
from fahr_core.models import LogLine
from fahr_gcp import names
from fahr_gcp.moments import seconds

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from fahr_core.models import JobRef

__all__ = ["Exit", "parsed", "reason_of"]

#: ``The replica workerpool0-0 exited with a non-zero status of 1. Termination reason: Error.
#: Traceback ... To find out more about why your job exited please check the logs: https://...``
_EXITED = re.compile(
    r"[Tt]he replicas? (?P<replicas>[\w-]+(?:(?:, | and )[\w-]+)*) (?:ran out-of-memory and )?"
    r"exited with a non-zero status of (?P<code>\d+)(?:\(\w+\))?\.?"
)
_TERMINATION = re.compile(r"\s*Termination reason: (?P<why>\w+)\.?")
_ADVICE = re.compile(r"\s*To find out more about.*", re.S)
#: How far back the launcher's own word is looked for, among what the replicas printed last.
_LOOKED_AT = 100
_LONGEST = 4096  # bytes of what a job left as its reason
#: Seconds after a job's end for which its log may still be empty, and between looks at it then.
_YOUNG, _LATE = 60.0, (1.0, 2.0, 4.0)
_OWN = "fahr: "


@dataclass(frozen=True, slots=True, kw_only=True)
class Exit:
    """What the service says of a failure.

    ``by_job`` tells that the job itself ended badly; ``said`` is what is left of the service's
    message then, or all of it otherwise.
    """

    said: str = ""
    by_job: bool = False
    code: int | None = None
    replicas: tuple[str, ...] = ()


def parsed(message: str) -> Exit:
    """Take the service's message apart."""
    found = list(_EXITED.finditer(message))
    if not found:
        return Exit(said=message.strip())
    rest = _ADVICE.sub("", _TERMINATION.sub("", _EXITED.sub("", message)))
    replicas = tuple(name for match in found for name in re.split(r", | and ", match["replicas"]))
    said = "\n".join(line.rstrip() for line in rest.strip().splitlines())
    return Exit(said=said, by_job=True, code=int(found[0]["code"]), replicas=replicas)


def reason_of(ref: JobRef, told: Mapping[str, Any]) -> str:
    """Give the reason of a failure: what the launcher left or printed, else the log's end.

    Never the exit status alone, as the service has it.
    """
    ended = parsed(str((told.get("error") or {}).get("message") or ""))
    return _left(ref, ended) or _told_by_log(ref, told, ended)


def _left(ref: JobRef, ended: Exit) -> str | None:
    """Read what the launcher left in the bucket."""
    from fahr_gcp import objects

    if not ref.data.get("place"):
        return None
    try:
        found = objects.find_objects(ref, f"{ref.data['place']}/{names.FAILURES}/")
        if not found:
            return None
        own = [item for item in found if item.name.endswith(_failures_of(ended))]
        with objects.read(ref, (own or found)[0], told=lambda _: None) as stream:
            return stream.read(_LONGEST).decode("utf-8", "replace").strip() or None
    except FahrError:
        return None  # the log tells it too


def _failures_of(ended: Exit) -> tuple[str, ...]:
    """Give the names of what the failed replicas left, by their ranks."""
    return tuple(f"/{names.failure_object(_rank(replica))}" for replica in ended.replicas)


def _rank(replica: str) -> int:
    """Give a replica's rank: ``workerpool0-0`` is the first, ``workerpool1-0`` the second."""
    match = re.fullmatch(r"workerpool(\d+)-(\d+)", replica)
    return int(match[2]) + min(1, int(match[1])) if match else 0


def _told_by_log(ref: JobRef, told: Mapping[str, Any], ended: Exit) -> str:
    lines: list[LogLine] = []

    def last_lines(count: int) -> Iterator[LogLine]:
        lines.extend(_last_lines(ref, told, ended.replicas))
        yield from lines[-count:]

    by_log = reason_by_log(ended.code, ended.said or "Vertex AI gives no reason", last_lines)
    own = [line.text.removeprefix(_OWN) for line in lines if line.text.startswith(_OWN)]
    if own:
        return own[-1]
    if ended.code is not None and ended.said:
        said = [LogLine(text=text) for text in ended.said.splitlines()]
        return reason_by_log(ended.code, "", lambda count: said[-count:])
    return by_log


def _last_lines(ref: JobRef, told: Mapping[str, Any], replicas: Sequence[str]) -> list[LogLine]:
    """Read the log's end; a job that has just ended may have lines that are on their way."""
    from fahr_gcp.logs import last_of_replicas

    ended = seconds(told.get("endTime"))
    just_now = ended is not None and time.time() - ended < _YOUNG
    lines = last_of_replicas(ref, told, replicas, _LOOKED_AT)
    for pause in _LATE if just_now else ():
        if lines:
            break
        time.sleep(pause)
        lines = last_of_replicas(ref, told, replicas, _LOOKED_AT)
    return lines
