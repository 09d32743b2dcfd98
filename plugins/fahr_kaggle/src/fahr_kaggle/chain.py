"""Chains: a job longer than a session goes on in the next one, from its last checkpoints.

The file of the next session is the last one's with another header; the kernel's own output is
attached to it, where the runtime finds the checkpoints.  Nothing but the reference is needed,
so that any later command on this machine carries the chain on.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from fahr_core.errors import ServiceError
from fahr_core.paths import cache_folder
from fahr_kaggle.header import read_header

if TYPE_CHECKING:
    from fahr_core.models import JobRef
    from fahr_kaggle.client import Kaggle
    from fahr_kaggle.kernel import Kernel

__all__ = ["next_session"]


def next_session(
    kaggle: Kaggle, ref: JobRef, kernel: Kernel, version: int, part: int
) -> int | None:
    """Give the version that goes on as session ``part`` of a chain, begun now if need be.

    None where another process is about to begin it, or the account's sessions are in use.

    Raises:
        ServiceError: Kaggle failed; a later call looks again before anything is sent.
    """
    from filelock import FileLock, Timeout

    folder = cache_folder() / "kaggle"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(folder / f"chain-{ref.data['run']}.lock", timeout=0):
            there = _found(kaggle, ref, kernel, version, part)
            return there or _begun(kaggle, ref, kernel, version, part)
    except Timeout:
        return None


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
    """Put another header into a script, or into a notebook, where it is a JSON string's part."""
    import json

    if old in source:
        return source.replace(old, new, 1)
    for ascii_only in (True, False):
        before, after = (json.dumps(line, ensure_ascii=ascii_only)[1:-1] for line in (old, new))
        if before in source:
            return source.replace(before, after, 1)
    return re.sub(r"# fahr-job \{.*\}", lambda _: new, source, count=1)
