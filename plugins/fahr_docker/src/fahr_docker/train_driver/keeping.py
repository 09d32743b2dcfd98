"""What of jobs is in fahr's own folder: secrets until they are sent, jobs once they came home.

All of it lies in ``docker/<run id>``.
"""

from __future__ import annotations

import json
import re
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from fahr_core import paths
from fahr_core.errors import DiskError, FahrError
from fahr_core.local.folder import JobFolder, write_whole
from fahr_core.models import JobRef

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from fahr_core.models import Request

__all__ = [
    "forget_old_secrets",
    "forget_secrets",
    "job_folder",
    "keep_secrets",
    "kept",
    "kept_ref",
    "secrets_of",
    "unwritable",
]

#: Seconds for which secrets are left alone: their job may be about to be recorded as sent.
_MOMENT = 600.0
_RUN_ID = re.compile(r"[A-Za-z0-9-]{1,64}")


def job_folder(run_id: str) -> JobFolder:
    """Give the folder for the job with this run id.

    Raises:
        FahrError: it is none, which somebody else's label may be.
    """
    if not _RUN_ID.fullmatch(run_id):
        raise FahrError(f"{run_id!r} is no run id")
    return JobFolder(paths.home_folder() / "docker" / run_id)


# -- secrets ----------------------------------------------------------------------------


def keep_secrets(run_id: str, secrets: Mapping[str, str]) -> None:
    """Keep a job's secrets until its container is made, readable by this user alone.

    Raises:
        DiskError: fahr's folder cannot be written.
    """
    folder = job_folder(run_id)
    try:
        folder.path.mkdir(parents=True, exist_ok=True)
        write_whole(folder.secrets, json.dumps(dict(secrets)), mode=0o600)
    except OSError as error:
        raise unwritable(folder.path, error) from error


def secrets_of(run_id: str) -> bytes | None:
    """Give a job's secrets as the text that it will read."""
    try:
        return job_folder(run_id).secrets.read_bytes()
    except FileNotFoundError:
        return None


def forget_secrets(run_id: str) -> None:
    """Delete a job's secrets."""
    folder = job_folder(run_id)
    folder.forget_secrets()
    _remove_empty(folder.path)


def forget_old_secrets() -> None:
    """Delete the secrets of jobs that are not to be sent any more.

    A queued job that was withdrawn, or a command that was killed, has left them.
    """
    now = time.time()
    found = (paths.home_folder() / "docker").glob("*/secrets.json")
    old = [path.parent.name for path in found if now - path.stat().st_mtime > _MOMENT]
    if not old:
        return
    from fahr_core.ledger import Ledger

    ledger = Ledger.at_home()
    wanted = {record.run_id for record in (*ledger.active(), *ledger.queued())}
    for run_id in set(old) - wanted:
        forget_secrets(run_id)


# -- jobs that came home ----------------------------------------------------------------


def kept(run_id: str) -> tuple[JobFolder, dict[str, Any]] | None:
    """Give folder and state of a job that came home, None of one that is at the engine."""
    folder = job_folder(run_id)
    told = folder.read_state()
    return (folder, told) if told else None


def kept_ref(request: Request) -> JobRef | None:
    """Give the reference of a request whose job came home."""
    home = kept(request.run_id)
    if home is None:
        return None
    return JobRef(driver=request.driver, id=request.remote_name, data=home[1]["data"])


def unwritable(path: Path, error: OSError) -> DiskError:
    """Make the error for a folder of fahr's that cannot be written."""
    return DiskError(f"cannot write to {path}: {error.strerror or error}")


def _remove_empty(folder: Path) -> None:
    with suppress(OSError):  # it is not there, or a job came home into it
        folder.rmdir()
