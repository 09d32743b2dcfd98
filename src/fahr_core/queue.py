"""Jobs that were accepted here and are not yet sent: who sends them, and that somebody does.

One detached process per driver, the runner, is elected by a file lock and ends when nothing
waits any more::

    fahr fit ── queued ──▶ ensure_runner ── nobody holds the lock ──▶ python -m fahr_core.queue
    any command ── something is queued ──▶ revive ──▲

It also asks for the jobs that go on only while somebody asks for them, until they have ended
(``Request.attended``: a job longer than its service's sessions, say).

No job is forgotten between the two: whoever queues a job writes it down and then looks for a
runner, and a runner that ends gives its lock back and then looks once more for a job.
"""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from fahr_core.errors import DiskError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from filelock import BaseFileLock

    from fahr_core.ledger import Ledger
    from fahr_core.ledger.record import Record
    from fahr_core.queue_runner import Sender

__all__ = ["ensure_runner", "revive", "run"]

#: How long a new runner waits for the lock; whoever only looks holds it for an instant.
ELECTION_SECONDS = 1.0
#: A log of more bytes than this is begun anew.
LOG_LIMIT = 1_000_000


def ensure_runner(driver: str) -> None:
    """Start the process that looks after a driver's jobs, unless there is one.

    Raises:
        DiskError: its lock or its log cannot be written.
    """
    with _elected(driver, patience=0) as free:
        pass
    if free:
        _spawn(driver)


def revive(ledger: Ledger) -> None:
    """Start the runners that jobs need; cheap when none does."""
    for driver in ledger.drivers_with_work():
        ensure_runner(driver)


def run(
    driver: str, ledger: Ledger, open_session: Callable[[Record], Sender] | None = None
) -> None:
    """Be the runner of a driver, if there is none, until no job needs one any more."""
    from fahr_core.jobs import open_for
    from fahr_core.queue_runner import Runner

    while driver in ledger.drivers_with_work():
        with _elected(driver, patience=ELECTION_SECONDS) as elected:
            if not elected:
                return
            Runner(driver, ledger, open_session or open_for).run()


@contextmanager
def _elected(driver: str, *, patience: float) -> Iterator[bool]:
    """Hold the driver's lock; False when somebody else does."""
    from filelock import Timeout

    lock = _lock(driver)
    try:
        lock.acquire(timeout=patience)
    except Timeout:
        yield False
        return
    except OSError as error:
        raise DiskError(f"cannot lock {lock.lock_file}: {error.strerror or error}") from error
    try:
        yield True
    finally:
        lock.release()


def _lock(driver: str) -> BaseFileLock:
    from filelock import FileLock

    return FileLock(_file(driver, "lock"))


def _file(driver: str, kind: str) -> Path:
    from fahr_core.models import NameRule
    from fahr_core.names import remote_name
    from fahr_core.paths import home_folder

    folder = home_folder() / "locks"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DiskError(f"cannot make {folder}: {error.strerror or error}") from error
    return folder / f"queue-{remote_name(driver, NameRule(unique=False), '')}.{kind}"


def _spawn(driver: str) -> None:
    from fahr_core.paths import home_folder

    log = _file(driver, "log")
    # -P: nothing in the folder that it starts in may stand in for a module.
    command = [sys.executable, "-P", "-m", "fahr_core.queue", driver]
    flags = getattr(subprocess, "DETACHED_PROCESS", 0)
    try:
        fresh = not log.exists() or log.stat().st_size > LOG_LIMIT
        with log.open("wb" if fresh else "ab") as stream:
            runner = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
                start_new_session=True,
                creationflags=flags,
                cwd=home_folder(),
                env={**os.environ, "FAHR_HOME": str(home_folder())},
            )
    except OSError as error:
        raise DiskError(f"cannot start the queue's runner: {error.strerror or error}") from error
    runner.returncode = 0  # it outlives this process, which is not to be warned of


def main(driver: str) -> None:
    """Be a driver's runner, and say in the log what was sent."""
    import logging

    from fahr_core.ledger import Ledger

    logging.basicConfig(format="%(asctime)s %(process)d %(message)s", level=logging.INFO)
    run(driver, Ledger.at_home())


if __name__ == "__main__":
    main(sys.argv[1])
