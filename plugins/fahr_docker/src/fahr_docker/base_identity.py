"""Which image stands behind a base's name, remembered so that an edit asks nobody.

The name ``python:3.11-slim-bookworm`` means another image every few weeks.  Which one an
environment was built on is noted in its lock, so that a team builds on the same one until
``fahr fit --upgrade-env``; without a lock it is remembered on this machine for a month.
"""

from __future__ import annotations

import hashlib
import json
import time
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from fahr_core.environment import lock as locks
from fahr_core.errors import FahrError
from fahr_core.paths import cache_folder
from fahr_docker.registry import Registry, parse_reference

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from fahr_core.hookspecs import Progress
    from fahr_docker.engine.local import Engine, LocalImage

__all__ = ["base_identity", "forget", "pinned"]

_KEPT = 30 * 86400  # seconds


def base_identity(
    reference: str,
    platform: str,
    experiment: Path,
    engine: Callable[[], Engine],
    progress: Progress,
) -> str:
    """Give the digest behind a base's name: remembered, else the engine's, else the registry's.

    An image that lies in the engine's store alone is known by its id there.

    Args:
        reference: The base's name.
        platform: For which platform.
        experiment: The folder whose lock may have noted it.
        engine: Finds the engine, when it has to be asked.
        progress: Told what is waited for.

    Raises:
        FahrError: neither engine nor registry knows the image.
    """
    if "@" in reference:
        return reference.partition("@")[2]
    if not reference or "$" in reference:  # an argument of the Dockerfile's: its text counts
        return ""
    if known := _noted(reference, experiment) or _remembered(reference, platform):
        return known
    found, everywhere = _asked(reference, platform, engine, progress)
    if everywhere:
        _note(reference, found, experiment)
    _remember(reference, platform, found)
    return found


def forget(reference: str, platform: str, experiment: Path) -> None:
    """Forget which image a name meant."""
    with suppress(OSError):
        _file(reference, platform).unlink(missing_ok=True)
    lock = locks.read(experiment)
    if lock and lock.base:
        locks.write(experiment, replace(lock, base=None))


def pinned(dockerfile: str, reference: str, identity: str, *, known: bool) -> str:
    """Give a Dockerfile whose ``FROM`` names exactly the image that was meant.

    Args:
        dockerfile: Its text.
        reference: The base's name.
        identity: The digest behind it.
        known: Whether registries know it by this digest; an id means something to one engine.
    """
    if not known or "@" in reference:
        return dockerfile
    lines = dockerfile.split("\n")
    for number, line in enumerate(lines):
        words = line.split()
        if words[:1] and words[0].upper() == "FROM" and reference in words:
            lines[number] = line.replace(reference, f"{reference}@{identity}", 1)
    return "\n".join(lines)


def _asked(
    reference: str, platform: str, engine: Callable[[], Engine], progress: Progress
) -> tuple[str, bool]:
    """Ask the engine, whose answer costs nothing; then the registry; then let it be pulled.

    Gives the digest and whether it means the same everywhere.
    """
    absent: FahrError | None = None
    try:
        if local := engine().find(reference):
            return _of_engine(local, reference)
    except FahrError as error:
        absent = error
    progress("image", f"looking up {reference}")
    try:
        name = parse_reference(reference)
        with Registry(name.registry, name.repository) as registry:
            if found := registry.head_manifest(name.target):
                return found, True
    except FahrError as error:
        if absent:  # with an engine the registry would not have been asked
            raise absent from error
    if absent:
        raise absent
    local = engine().pull(reference, platform, progress)  # with the logins that the engine knows
    return _of_engine(local, reference)


def _of_engine(local: LocalImage, reference: str) -> tuple[str, bool]:
    digest = _digest(local.digests, reference)
    return digest or local.id, digest is not None


def _digest(digests: tuple[str, ...], reference: str) -> str | None:
    wanted = parse_reference(reference).name
    for text in digests:
        known = parse_reference(text)
        if known.name == wanted and known.digest:
            return known.digest
    return None


def _noted(reference: str, experiment: Path) -> str | None:
    lock = locks.read(experiment)
    name, _, digest = ((lock and lock.base) or "").rpartition("@")
    return digest if name == reference else None


def _note(reference: str, digest: str, experiment: Path) -> None:
    if lock := locks.read(experiment):
        locks.write(experiment, replace(lock, base=f"{reference}@{digest}"))


def _file(reference: str, platform: str) -> Path:
    name = hashlib.sha256(f"{reference}\0{platform}".encode()).hexdigest()
    return cache_folder() / "bases" / f"{name}.json"


def _remembered(reference: str, platform: str) -> str | None:
    try:
        told = json.loads(_file(reference, platform).read_text("utf-8"))
        fresh = time.time() - float(told["seen"]) < _KEPT
        return str(told["digest"]) if fresh else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _remember(reference: str, platform: str, digest: str) -> None:
    """Remember for the next time; a disk that is full only costs a question more."""
    with suppress(OSError):
        file = _file(reference, platform)
        file.parent.mkdir(parents=True, exist_ok=True)
        temporary = file.with_suffix(f".{time.time_ns()}")
        temporary.write_text(json.dumps({"digest": digest, "seen": time.time()}), "utf-8")
        temporary.replace(file)
