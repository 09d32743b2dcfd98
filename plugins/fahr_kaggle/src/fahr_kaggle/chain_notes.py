"""What this machine keeps of a chain: its sessions, that it is ended, a push on its way."""

from __future__ import annotations

import json
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from fahr_core.paths import cache_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fahr_core.models import JobRef

__all__ = [
    "beginning",
    "end_chain",
    "is_ended",
    "known_sessions",
    "mark_sent",
    "may_arrive",
    "note_sessions",
    "unmark_sent",
]

#: Seconds for which a push whose answer was lost may still arrive, and none takes its place.
_MAY_ARRIVE = 60.0


def known_sessions(ref: JobRef, version: int) -> list[int]:
    """Give the versions of a chain's sessions as far as this machine has seen them."""
    try:
        found = json.loads(_file(ref, "json").read_bytes())
    except (OSError, ValueError):
        return [version]
    return [int(number) for number in found] if found[:1] == [version] else [version]


def note_sessions(ref: JobRef, versions: list[int]) -> None:
    """Keep the versions of a chain's sessions."""
    with suppress(OSError):  # they are found again by asking
        _file(ref, "json").write_text(json.dumps(versions))


@contextmanager
def beginning(ref: JobRef, seconds: float = 0) -> Iterator[bool]:
    """Be the only one who begins a chain's next session; gives whether that is so."""
    from filelock import FileLock, Timeout

    lock = FileLock(_file(ref, "lock"))
    try:
        lock.acquire(timeout=seconds)
    except Timeout:
        yield False
        return
    try:
        yield True
    finally:
        lock.release()


def end_chain(ref: JobRef) -> None:
    """See to it that no further session of a chain begins on this machine.

    One that is just being begun is there afterwards, to be stopped as well.
    """
    _file(ref, "ended").touch()
    with beginning(ref, _MAY_ARRIVE):
        pass


def is_ended(ref: JobRef) -> bool:
    """Tell whether somebody has ended a chain."""
    return bool(ref.data.get("chain")) and _file(ref, "ended").exists()


def mark_sent(ref: JobRef) -> None:
    """Note a push before it is made: whoever makes it may be killed while it is on its way."""
    _file(ref, "sent").write_text(str(time.time()))


def unmark_sent(ref: JobRef) -> None:
    """Note that a push was answered, or has been found."""
    _file(ref, "sent").unlink(missing_ok=True)


def may_arrive(ref: JobRef) -> bool:
    """Tell whether a push was made a moment ago of which nobody has heard since."""
    try:
        age = time.time() - float(_file(ref, "sent").read_text())
    except (OSError, ValueError):
        return False
    return 0.0 <= age < _MAY_ARRIVE


def _file(ref: JobRef, kind: str) -> Path:
    folder = cache_folder() / "kaggle"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"chain-{ref.data.get('run')}.{kind}"
