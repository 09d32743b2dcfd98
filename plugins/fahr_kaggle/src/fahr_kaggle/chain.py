"""Chains: a job longer than a session goes on in the next one, from its last checkpoints.

The file of the next session is the last one's with another header; the kernel's own output is
attached to it, where the runtime finds the checkpoints.  Nothing but the reference is needed,
so that any later command on this machine carries the chain on.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from fahr_core.errors import ServiceError
from fahr_core.paths import cache_folder
from fahr_kaggle.header import read_header

if TYPE_CHECKING:
    from pathlib import Path

    from fahr_core.models import JobRef
    from fahr_kaggle.client import Kaggle
    from fahr_kaggle.kernel import Kernel

__all__ = ["known_sessions", "next_session", "sessions"]


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


def next_session(
    kaggle: Kaggle, ref: JobRef, kernel: Kernel, version: int, part: int
) -> int | None:
    """Give the version that goes on as session ``part`` of a chain, begun now if need be.

    None where another process is about to begin it, or the account's sessions are in use.

    Raises:
        ServiceError: Kaggle failed; a later call looks again before anything is sent.
    """
    from filelock import FileLock, Timeout

    file = _file(ref)
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(file.with_suffix(".lock"), timeout=0):
            there = _found(kaggle, ref, kernel, version, part)
            there = there or _begun(kaggle, ref, kernel, version, part)
    except Timeout:
        return None
    if there is not None:
        _note(file, [*known_sessions(ref, located_version(ref))[:part], there])
    return there


def located_version(ref: JobRef) -> int:
    """Give the version of a chain's first session."""
    return int(ref.id.rpartition("/")[2])


def _file(ref: JobRef) -> Path:
    return cache_folder() / "kaggle" / f"chain-{ref.data.get('run')}.json"


def _note(file: Path, versions: list[int]) -> None:
    with suppress(OSError):  # it is found again by asking
        file.write_text(json.dumps(versions))


def _found(kaggle: Kaggle, ref: JobRef, kernel: Kernel, version: int, part: int) -> int | None:
    latest = kaggle.version(kernel)
    newest = latest.number if latest else version
    for number in range(version + 1, newest + 1):
        there = kaggle.version(kernel, number)
        header = read_header(there.source) if there else None
        if header and header.run == ref.data["run"] and header.part == part:
            return number
    return None


def _begun(kaggle: Kaggle, ref: JobRef, kernel: Kernel, version: int, part: int) -> int | None:
    last = kaggle.version(kernel, version)
    header = read_header(last.source) if last else None
    if last is None or header is None:
        raise ServiceError(f"the source of {kernel} version {version} cannot be read")
    pushed = kaggle.push(
        {
            **_push_fields(ref, kernel),
            "slug": str(kernel),
            "text": _with_line(last.source, header.line(), replace(header, part=part).line()),
        }
    )
    return pushed.version if pushed.version and not pushed.error else None


def _push_fields(ref: JobRef, kernel: Kernel) -> dict[str, Any]:
    push: dict[str, Any] = dict(ref.data["push"])
    kernels = [*push.get("kernelDataSources", ()), str(kernel)]
    return {**push, "kernelDataSources": list(dict.fromkeys(kernels))}


def _with_line(source: str, old: str, new: str) -> str:
    """Put another header into a script."""
    if old in source:
        return source.replace(old, new, 1)
    raise ServiceError("Kaggle has changed the source of the chain's last session")
