"""Chains: a job longer than a session goes on in the next one, from its last checkpoints.

The file of the next session is the last one's with another header; the kernel's own output is
attached to it, where the runtime finds the checkpoints.  Nothing but the reference is needed,
so that whoever asks for the job's state on this machine carries the chain on: the queue's
runner does until the job has ended, by ``Request.attended``.
"""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from fahr_core.errors import ServiceError
from fahr_kaggle.answers import is_busy
from fahr_kaggle.chain_notes import (
    beginning,
    is_ended,
    known_sessions,
    mark_sent,
    may_arrive,
    note_sessions,
    unmark_sent,
)
from fahr_kaggle.connection import Declined, NotThere, Throttled
from fahr_kaggle.header import read_header

if TYPE_CHECKING:
    from fahr_core.models import JobRef
    from fahr_kaggle.answers import Pushed
    from fahr_kaggle.client import Kaggle
    from fahr_kaggle.kernel import Kernel

__all__ = ["Following", "next_session", "sessions"]

#: Seconds between looks for a session whose push was not answered, and may still arrive.
_LATE = (1.0, 3.0, 6.0)


@dataclass(frozen=True, slots=True)
class Following:
    """The session that goes on; where ``version`` is None, ``problem`` says why none will.

    Neither is there while one is about to begin, or the account's sessions are in use.
    """

    version: int | None = None
    problem: str | None = None


def sessions(kaggle: Kaggle, ref: JobRef, kernel: Kernel, version: int) -> list[int]:
    """Give the versions of all sessions of a chain, asking for those not seen here."""
    found = known_sessions(ref, version)
    while ref.data.get("chain"):
        following = _found(kaggle, ref, kernel, found[-1], len(found))
        if following is None:
            break
        found.append(following)
    return found


def next_session(kaggle: Kaggle, ref: JobRef, kernel: Kernel, version: int, part: int) -> Following:
    """Give the version that goes on as session ``part`` of a chain, begun now if need be.

    Raises:
        ServiceError: Kaggle failed; a later call looks again before anything is sent.
    """
    with beginning(ref) as mine:
        if not mine:
            return Following()
        there = _found(kaggle, ref, kernel, version, part)
        if there is None and (is_ended(ref) or may_arrive(ref)):
            return Following()
        following = Following(there) if there else _begun(kaggle, ref, kernel, version, part)
        if following.version is not None:
            unmark_sent(ref)
            first = int(ref.id.rpartition("/")[2])
            note_sessions(ref, [*known_sessions(ref, first)[:part], following.version])
    return following


def _found(kaggle: Kaggle, ref: JobRef, kernel: Kernel, version: int, part: int) -> int | None:
    latest = kaggle.version(kernel)
    newest = latest.number if latest else version
    for number in range(version + 1, newest + 1):
        there = latest if latest and number == newest else kaggle.version(kernel, number)
        header = read_header(there.source) if there else None
        if header and header.run == ref.data["run"] and header.part == part:
            return number
    return None


def _begun(kaggle: Kaggle, ref: JobRef, kernel: Kernel, version: int, part: int) -> Following:
    newest = kaggle.version(kernel)
    if newest and newest.number > version:  # whose output Kaggle would attach instead
        return Following(
            problem=f"session {part + 1} cannot begin: version {newest.number} of {kernel}, "
            "another job, was pushed meanwhile, and Kaggle attaches the newest output; "
            "-c slug=ANOTHER gives a job a kernel of its own"
        )
    last = kaggle.version(kernel, version)
    header = read_header(last.source) if last else None
    if last is None or header is None:
        raise ServiceError(f"the source of {kernel} version {version} cannot be read")
    text = _with_line(last.source, header.line(), replace(header, part=part).line())
    mark_sent(ref)
    try:
        following = _pushed(kaggle, {**_push_fields(ref, kernel), "text": text}, part)
    except ServiceError:  # the mark stays: nobody can tell whether it has arrived
        return Following(_late(kaggle, ref, kernel, version, part))
    unmark_sent(ref)
    return following


def _pushed(kaggle: Kaggle, body: dict[str, Any], part: int) -> Following:
    try:
        return _judged(kaggle.push(body), part)
    except Throttled:
        return Following()
    except (Declined, NotThere) as error:
        return Following(problem=f"session {part + 1} was refused: {error}")


def _late(kaggle: Kaggle, ref: JobRef, kernel: Kernel, version: int, part: int) -> int | None:
    """Look for a session whose answer was lost, which Kaggle may still be working on."""
    for pause in _LATE:
        time.sleep(pause)
        with suppress(ServiceError):
            if there := _found(kaggle, ref, kernel, version, part):
                return there
    return None


def _judged(pushed: Pushed, part: int) -> Following:
    if pushed.error:
        if is_busy(pushed.error):
            return Following()
        return Following(problem=f"session {part + 1} was refused: Kaggle: {pushed.error}")
    if pushed.invalid_sources:
        left_out = ", ".join(pushed.invalid_sources)
        text = f"session {part + 1} began without {left_out}: {pushed.url or 'see its page'}"
        return Following(problem=text)
    if pushed.version < 1:
        return Following(problem=f"Kaggle rejected session {part + 1}")
    return Following(pushed.version)


def _push_fields(ref: JobRef, kernel: Kernel) -> dict[str, Any]:
    push: dict[str, Any] = dict(ref.data["push"])
    kernels = [*push.get("kernelDataSources", ()), str(kernel)]
    sources = list(dict.fromkeys(kernels))
    return {**push, "slug": str(kernel), "kernelDataSources": sources}


def _with_line(source: str, old: str, new: str) -> str:
    """Put another header into a script."""
    if old in source:
        return source.replace(old, new, 1)
    raise ServiceError("Kaggle has changed the source of the chain's last session")
