"""Resolve an environment file once; afterwards the lock is read."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fahr_core import store
from fahr_core.environment import lock as locks
from fahr_core.environment.files import EnvironmentFile, find
from fahr_core.environment.interpreters import asked_version, pinned_version, this_platform
from fahr_core.models import Environment

if TYPE_CHECKING:
    from pathlib import Path

    from fahr_core.environment.lock import Lock
    from fahr_core.hookspecs import Progress

__all__ = ["Inputs", "resolve"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """All that a lock is made from.

    ``python`` is the minor version that option or ``.python-version`` names, ``previous``
    the lock that there is, whose Python and versions are kept where nothing else decides.
    """

    experiment: Path
    artifact: str
    file: EnvironmentFile
    python: str | None
    platform: str
    previous: Lock | None = None
    progress: Progress | None = None

    @property
    def key(self) -> str:
        """The hash of what the lock is made from."""
        return locks.key_of(self.file.texts, (self.file.kind, self.python, self.platform))


def resolve(
    experiment: Path,
    artifact: str,
    *,
    envfile: str | None = None,
    python: str | None = None,
    upgrade: bool = False,
    progress: Progress | None = None,
    write: bool = True,
    platform: str | None = None,
) -> Environment:
    """Give the experiment's environment, from its lock or else resolved anew.

    The lock is used as long as the environment file, all that it includes, and the Python
    and platform asked for are the same; that costs no network and starts no program.

    Args:
        experiment: The experiment's folder.
        artifact: The training artifact, relative to it.
        envfile: The environment file, in place of the first one found.
        python: The Python version, in place of ``.python-version``, of what the file asks
            for, and of the one on PATH.
        upgrade: Resolve anew, to the newest versions.
        progress: Told what is done while resolving.
        write: Write the lock into the folder and the store; False in a dry run.
        platform: uv's name of the platform; None for this machine.

    Raises:
        EnvironmentFileError: the file cannot be used, which names file and line.
        ServiceError: the package index cannot be reached.
        DiskError: the lock cannot be written.
    """
    asked = asked_version(python) or pinned_version(experiment)
    file = find(experiment, artifact, envfile)
    if file is None:
        return Environment(kind="none", python=asked)
    inputs = Inputs(
        experiment=experiment,
        artifact=artifact,
        file=file,
        python=asked,
        platform=platform or this_platform(),
        previous=None if upgrade else locks.read(experiment),
        progress=progress,
    )
    lock = _lock(inputs, write=write)
    return _environment(lock, write=write)


def _lock(inputs: Inputs, *, write: bool) -> Lock:
    if inputs.previous and inputs.previous.key == inputs.key:
        return inputs.previous
    from fahr_core.environment.making import make

    if inputs.progress:
        inputs.progress("environment", f"resolving {inputs.file.name}")
    made, python = make(inputs)
    lock = locks.Lock(
        key=inputs.key,
        kind=inputs.file.kind,
        file=inputs.file.name,
        python=python,
        platform=inputs.platform,
        created=float(int(time.time())),
        resolver=made.resolver,
        body=made.body,
    )
    if write:
        locks.write(inputs.experiment, lock)
    return lock


def _environment(lock: Lock, *, write: bool) -> Environment:
    content = locks.portable(lock).encode()
    digest = store.digest_of(content)
    if write and not store.stored_path(digest).exists():
        store.put(content)
    return Environment(
        kind=lock.kind,
        file=lock.file,
        lock=digest,
        python=lock.python,
        platform=lock.platform,
        created=lock.created,
        packages=locks.packages(lock.body),
    )
