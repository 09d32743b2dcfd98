"""Chains: a job longer than a session goes on in the next one, from its last checkpoints.

The file of the next session is the last one's with another header; the kernel's own output is
attached to it, where the runtime finds the checkpoints.  Nothing but the reference is needed,
so that whoever asks for the job's state on this machine carries the chain on: the queue's
runner does until the job has ended, by ``Request.attended``.
"""

from __future__ import annotations

import json
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from fahr_core.errors import ServiceError
from fahr_core.paths import cache_folder
from fahr_kaggle.answers import is_busy
from fahr_kaggle.connection import Declined, NotThere, Throttled
from fahr_kaggle.header import read_header

if TYPE_CHECKING:
    from pathlib import Path

    from fahr_core.models import JobRef
    from fahr_kaggle.answers import Pushed
    from fahr_kaggle.client import Kaggle
    from fahr_kaggle.kernel import Kernel

__all__ = ["Following", "end_chain", "is_ended", "known_sessions", "next_session", "sessions"]

#: Seconds between looks for a session whose push was not answered, and may still arrive.
_LATE = (1.0, 3.0, 6.0)


@dataclass(frozen=True, slots=True)
class Following:
    """The session that goes on; where ``version`` is None, ``problem`` says why none will.

    Neither is there while one is about to begin, or the account's sessions are in use.
    """

    version: int | None = None
    problem: str | None = None


def known_sessions(ref: JobRef, version: int) -> list[int]:
    """Give the versions of a chain's sessions as far as this machine has seen them."""
    try:
        found = json.loads(_file(ref).read_bytes())
    except (OSError, ValueError):
        return [version]
    return [int(number) for number in found] if found[:1] == [version] else [version]


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
    from filelock import FileLock, Timeout

    file = _file(ref)
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(file.with_suffix(".lock"), timeout=0):
            there = _found(kaggle, ref, kernel, version, part)
            if there is None and is_ended(ref):
                return Following()
            following = Following(there) if there else _begun(kaggle, ref, kernel, version, part)
    except Timeout:
        return Following()
    if following.version is not None:
        _note(file, [*known_sessions(ref, _first(ref))[:part], following.version])
    return following


def end_chain(ref: JobRef) -> None:
    """See to it that no further session of a chain begins on this machine."""
    file = _end_file(ref)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch()


def is_ended(ref: JobRef) -> bool:
    """Tell whether somebody has ended a chain."""
    return bool(ref.data.get("chain")) and _end_file(ref).exists()


def _first(ref: JobRef) -> int:
    """Give the version of a chain's first session."""
    return int(ref.id.rpartition("/")[2])


def _file(ref: JobRef) -> Path:
    return cache_folder() / "kaggle" / f"chain-{ref.data.get('run')}.json"


def _end_file(ref: JobRef) -> Path:
    return _file(ref).with_suffix(".ended")


def _note(file: Path, versions: list[int]) -> None:
    with suppress(OSError):  # it is found again by asking
        file.write_text(json.dumps(versions))


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
    last = kaggle.version(kernel, version)
    header = read_header(last.source) if last else None
    if last is None or header is None:
        raise ServiceError(f"the source of {kernel} version {version} cannot be read")
    text = _with_line(last.source, header.line(), replace(header, part=part).line())
    try:
        pushed = kaggle.push({**_push_fields(ref, kernel), "slug": str(kernel), "text": text})
    except Throttled:
        return Following()
    except (Declined, NotThere) as error:
        return Following(problem=f"session {part + 1} was refused: {error}")
    except ServiceError:
        return Following(_late(kaggle, ref, kernel, version, part))
    return _judged(pushed, part)


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
    return {**push, "kernelDataSources": list(dict.fromkeys(kernels))}


def _with_line(source: str, old: str, new: str) -> str:
    """Put another header into a script."""
    if old in source:
        return source.replace(old, new, 1)
    raise ServiceError("Kaggle has changed the source of the chain's last session")
