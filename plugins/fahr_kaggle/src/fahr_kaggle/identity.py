"""The id of an experiment: the same wherever its folder goes, another one in another folder.

It is kept in ``.fahr/experiment``, which travels with the folder, and made once: of the
repository's address and the place in it, so that every clone gives the same, else of this very
folder on this machine.  ``fahr copy``, which begins another experiment, leaves it behind.
"""

from __future__ import annotations

import hashlib
import platform
import re
import shutil
import subprocess
from pathlib import Path

__all__ = ["FILE", "experiment_id"]

FILE = ".fahr/experiment"

_ID = re.compile(r"[0-9a-z]{8,40}")
_ADDRESS = re.compile(
    r"(?:[a-z+]+://)?(?:[^@/]*@)?(?P<host>[^:/]*)(?::[0-9]+(?=/))?[:/]?(?P<path>.*)"
)
_SECONDS = 10.0
#: Where Linux keeps what tells a machine from others of its name.
_MACHINE = Path("/etc/machine-id")


def experiment_id(folder: Path) -> str:
    """Give the id of the experiment in a folder; nothing is written."""
    return _kept(folder) or _of_repository(folder) or _of_folder(folder)


def _kept(folder: Path) -> str | None:
    try:
        text = (folder / FILE).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return None
    return text if _ID.fullmatch(text) else None


def _of_repository(folder: Path) -> str | None:
    """Make it of the repository that keeps the folder's files; None where none does."""
    git = shutil.which("git")
    if git is None or _said(git, folder, "ls-files", "--error-unmatch", "--", ".") is None:
        return None
    place = _said(git, folder, "rev-parse", "--show-prefix")
    if remote := _said(git, folder, "config", "--get", "remote.origin.url"):
        return _digest("remote", plain_address(remote), place or "")
    first = _said(git, folder, "rev-list", "--max-parents=0", "HEAD")
    return _digest("commit", first, place or "") if first else None


def plain_address(remote: str) -> str:
    """Give a repository's address without how it is reached, and by whom."""
    found = _ADDRESS.fullmatch(remote.strip().lower())
    if not found:
        return remote
    return f"{found['host']}/{found['path'].strip('/')}".removesuffix(".git")


def _of_folder(folder: Path) -> str:
    try:
        machine = _MACHINE.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        machine = ""
    status = folder.stat()
    # Another folder may be made where this one was: the numbers tell them apart.
    return _digest(
        "folder", machine, platform.node(), str(folder.resolve()), status.st_dev, status.st_ino
    )


def _said(git: str, folder: Path, *words: str) -> str | None:
    try:
        done = subprocess.run(
            [git, "-C", str(folder), *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _digest(*parts: object) -> str:
    return hashlib.sha256("\0".join(map(str, parts)).encode("utf-8", "replace")).hexdigest()[:16]
