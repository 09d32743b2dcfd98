"""Brings a job home: its output, log and state into fahr's folder, and its container goes.

So nothing grows in the engine, while all can be asked and fetched again.  It happens when the
job is fetched.  What ended and is fetched by nobody, as most failed jobs, is brought home by a
later ``fahr fit`` if it is small.  Nothing is thrown away.
"""

from __future__ import annotations

import io
import shutil
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from fahr_core.errors import FahrError
from fahr_core.local.staging import copy_output
from fahr_docker.train_driver import keeping, runtime
from fahr_docker.train_driver.connection import containers_at, containers_of
from fahr_docker.train_driver.jobs import observe, ref_of
from fahr_docker.train_driver.keeping import job_folder, kept, unwritable
from fahr_docker.train_driver.planning import home_mark

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fahr_core.hookspecs import Progress
    from fahr_core.local.folder import JobFolder
    from fahr_core.models import FetchedFile, FetchOptions, JobRef, JobState, Request
    from fahr_docker.train_driver.containers import Containers, Seen

__all__ = ["fetch", "sweep", "tidy"]


def fetch(
    ref: JobRef, destination: Path, options: FetchOptions, progress: Progress
) -> list[FetchedFile]:
    """Write a job's output into a folder; a job that has ended comes home by it.

    Raises:
        DiskError: a disk is full or cannot be written.
        FahrError: the container was removed.
        ServiceError: the engine does not answer; the call may be repeated.
    """
    if home := kept(ref.data["run_id"]):
        return copy_output(home[0], destination, options, progress)
    containers = containers_of(ref)
    seen = containers.look(ref.id)
    if seen is None or seen.run_id != ref.data["run_id"]:
        raise FahrError(f"the container {ref.id} was removed, and its output with it")
    if seen.is_running or seen.home != home_mark():  # another's record may still ask for it
        return _unpack(containers, ref.id, destination, options.include, progress)
    folder = _bring_home(containers, observe(containers, ref), progress)
    return copy_output(folder, destination, options, progress)


def _bring_home(containers: Containers, state: JobState, progress: Progress) -> JobFolder:
    from filelock import FileLock

    folder = job_folder(state.ref.data["run_id"])
    try:
        folder.path.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.path / "lock"):
            if not folder.read_state():
                _copy_home(containers, state, folder, progress)
    except OSError as error:
        raise unwritable(folder.path, error) from error
    containers.remove(state.ref.id)
    return folder


def _copy_home(
    containers: Containers, state: JobState, folder: JobFolder, progress: Progress
) -> None:
    part = folder.path / "output.part"
    shutil.rmtree(part, ignore_errors=True)
    _unpack(containers, state.ref.id, part, (), progress)
    with containers.log(state.ref.id, follow=False) as pieces, folder.log.open("wb") as log:
        log.writelines(pieces)
    shutil.rmtree(folder.output, ignore_errors=True)
    part.rename(folder.output)
    folder.write_state(  # last: by it the job is known to be at home
        state=str(state.state),
        reason=state.reason,
        exit_code=state.exit_code,
        created=state.created,
        started=state.started,
        ended=state.ended,
        data=dict(state.ref.data),
    )


def _unpack(
    containers: Containers,
    name: str,
    destination: Path,
    include: tuple[str, ...],
    progress: Progress,
) -> list[FetchedFile]:
    """Unpack a container's output; what is neither file, folder nor inner link stays there."""
    from fahr_core.unpacking import extract_tar

    def refused(reason: str) -> None:
        progress("output", f"left out: {reason}")

    with containers.tree(name, runtime.OUTPUT) as pieces:
        stream = io.BufferedReader(_Pieces(pieces, progress))
        return extract_tar(stream, destination, include=include, refused=refused)


class _Pieces(io.RawIOBase):
    """A stream of what comes in pieces, which tells how much has come."""

    def __init__(self, pieces: Iterator[bytes], progress: Progress) -> None:
        self._pieces, self._progress = pieces, progress
        self._rest = b""
        self._done = 0

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Read the next bytes into a buffer."""
        if not self._rest:
            self._rest = next(self._pieces, b"")
            self._done += len(self._rest)
            self._progress("output", "", self._done)
        part, self._rest = self._rest[: len(buffer)], self._rest[len(buffer) :]
        buffer[: len(part)] = part
        return len(part)


# -- what nobody fetches ----------------------------------------------------------------

#: After how many seconds a job that ended comes home by itself, up to how many bytes, and how
#: many of them at once.
_UNFETCHED_AFTER, _SMALL, _AT_ONCE = 24 * 3600.0, 50 * 1000**2, 5


def tidy(request: Request, progress: Progress) -> None:
    """Bring home what nobody fetches, and forget secrets that nobody needs; never in the way.

    Raises nothing of fahr's: what is wrong with the engine or the disk, the job itself meets.
    """
    with suppress(FahrError):
        keeping.forget_old_secrets()
        containers = containers_at(request.body["engine"])
        sweep(containers, progress)


def sweep(containers: Containers, progress: Progress, after: float = _UNFETCHED_AFTER) -> int:
    """Bring small jobs home that ended a while ago, and count them.

    Args:
        containers: The engine's.
        progress: Is told of it.
        after: Seconds since their end.

    Raises:
        DiskError: fahr's folder cannot be written.
        ServiceError: the engine stopped answering.
    """
    before = time.time() - after
    brought = 0
    for seen in containers.unfetched(home_mark(), before):
        if seen.started is None:  # what a process that died has left
            containers.remove(seen.name)
        elif brought < _AT_ONCE and _is_due(containers, seen, before):
            _bring_home(containers, observe(containers, ref_of(containers, seen)), progress)
            brought += 1
    return brought


def _is_due(containers: Containers, seen: Seen, before: float) -> bool:
    if not seen.run_id or (seen.ended or before) > before:
        return False
    return containers.size(seen.name) <= _SMALL
