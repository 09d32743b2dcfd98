"""What commands that were killed have left, in fahr's folder or a fetch's: found, and removed.

Whoever writes a file or folder there that gets its name only when it is whole gives it a
name by :func:`unfinished` until then, which tells whose it is.  A job's folder belongs to a
job in the ledger from before it is made; without one nobody can start it any more, and once
it has started (``claim``) it is a person's and stays, whatever the ledger says.
"""

from __future__ import annotations

import hashlib
import os
import re
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from fahr_core.errors import FahrError
from fahr_core.paths import cache_folder, home_folder, store_folder
from fahr_core.processes import ProcessId, boot_id, host, is_alive, this_process
from fahr_core.unsent import FETCHING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fahr_core.ledger import Ledger

__all__ = ["sweep", "sweep_at_times", "sweep_folder", "unfinished"]

#: Seconds for which nothing is touched, whoever it belongs to.
MOMENT = 600.0
_UNFINISHED = re.compile(
    rf"(?:{re.escape(FETCHING)})?"
    r"\.writing-([0-9a-f]{8})-([0-9a-f]{8})-(\d+)-([\d.]*)-\w+"
)
_RUN_ID = re.compile(r"[a-z2-7]{16}")


def unfinished() -> str:
    """Give what a name begins with while this process writes what is to have another name."""
    owner = this_process()
    return f".writing-{_short(owner.host)}-{_short(owner.boot)}-{owner.pid}-{owner.started}-"


def sweep(ledger: Ledger) -> int:
    """Remove what dead processes of this machine have left, and count it.

    It costs a few listings of folders.  What cannot be read or removed stays and is no
    error: another command may be at it, or the disk may be what is wrong.
    """
    from fahr_core.local.environments import remove_unfinished

    removed = [path for path in [*_unfinished_files(), *_unsent_jobs(ledger)] if _remove(path)]
    return len(removed) + remove_unfinished(time.time() - MOMENT)


def sweep_folder(folder: Path) -> None:
    """Remove what dead processes of this machine have left in a person's folder."""
    for path in _unfinished_in(folder):
        _remove(path)


def sweep_at_times(ledger: Ledger) -> None:
    """Sweep, unless that was done a moment ago: it takes 0.1 s where there are 10,000 jobs."""
    mark = cache_folder() / "swept"
    if not home_folder().is_dir() or (mark.exists() and not _is_old(mark)):
        return
    sweep(ledger)
    with suppress(OSError):  # then the next command sweeps again
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.touch()


def _unfinished_files() -> Iterator[Path]:
    cache = cache_folder()
    places = (home_folder(), store_folder(), cache, cache / "settings", cache / "outputs")
    for folder in places:
        yield from _unfinished_in(folder)


def _unfinished_in(folder: Path) -> Iterator[Path]:
    for name in _names(folder):
        if (found := _UNFINISHED.fullmatch(name)) and not _is_in_use(*found.groups()):
            yield folder / name


def _is_in_use(of_host: str, boot: str, pid: str, started: str) -> bool:
    """Tell whether the process that a name tells of may still be writing."""
    if of_host != _short(host()):
        return True  # only its own host can tell
    here = boot_id()
    process = ProcessId(host=host(), boot=here, pid=int(pid), started=started)
    return boot == _short(here) and is_alive(process)


def _unsent_jobs(ledger: Ledger) -> Iterator[Path]:
    """Find the folders of local jobs that were staged and whose sending was given up."""
    jobs = home_folder() / "jobs"
    if not (names := set(_names(jobs))):
        return
    try:
        names -= ledger.run_ids()  # read after the listing: a job is recorded first
    except FahrError:
        return  # then nobody can tell whose they are
    for name in filter(_RUN_ID.fullmatch, names):
        if not (jobs / name / "claim").exists():
            yield jobs / name


def _remove(path: Path) -> bool:
    import shutil

    from fahr_core.local.folder import JobFolder

    if not _is_old(path):
        return False
    try:
        # A shepherd that was started and is slow must not start the job from now on.
        if path.parent.name == "jobs" and not JobFolder(path).withdraw():
            return False
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    except OSError:
        return False
    return True


def _is_old(path: Path) -> bool:
    try:
        return path.lstat().st_mtime < time.time() - MOMENT
    except OSError:
        return False  # it has gone meanwhile


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)  # noqa: PTH208 - names are enough, of many
    except OSError:
        return []


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]
