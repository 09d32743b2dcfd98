"""The folder of one local job, and the protocol by which it starts once or never.

::

    launch-<token>   somebody is about to start the job
    claim            renamed from it by the shepherd: the job has started, for good
    lock             locked by the shepherd for as long as it lives
    state.json       what the shepherd says of the job, replaced whole
    stopping         somebody asked the job to stop, and when
    job.json         the job description, with the interpreters to use
    environment.json secrets.json    for the job alone, deleted when it has read them
    work/ output/ checkpoints/ inputs/ log.jsonl

Renaming is atomic: of a shepherd that starts and a command that withdraws the start (it
deletes ``launch-*``) exactly one succeeds.  The lock tells a living shepherd from one that
was killed, also after its process id was given to another process.

Standard library only, and nothing of fahr's: the shepherd starts with an empty path.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["JobFolder", "lock_file"]


def lock_file(descriptor: int) -> bool:
    """Lock an open file for this process without waiting; tell whether that worked."""
    try:
        import fcntl
    except ImportError:
        return _lock_file_on_windows(descriptor)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _lock_file_on_windows(descriptor: int) -> bool:
    import msvcrt

    try:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
    except OSError:
        return False
    return True


class JobFolder:
    """The files of one local job."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.work = path / "work"
        self.output = path / "output"
        self.checkpoints = path / "checkpoints"
        self.inputs = path / "inputs"
        self.log = path / "log.jsonl"
        self.description = path / "job.json"
        self.environment = path / "environment.json"
        self.secrets = path / "secrets.json"
        self.claim = path / "claim"
        self.stop_mark = path / "stopping"
        self._lock = path / "lock"
        self._state = path / "state.json"

    # -- starting once ------------------------------------------------------------------

    def announce(self, token: str) -> None:
        """Say that a shepherd with this token is about to start the job."""
        (self.path / f"launch-{token}").touch()

    def take_claim(self, token: str) -> bool:
        """Start the job, as its shepherd; false when it was withdrawn or started already.

        The shepherd holds the lock, so that nobody else claims between the two lines: a
        renaming alone would replace the claim of one that has ended.
        """
        if self.claim.exists():
            return False
        try:
            (self.path / f"launch-{token}").rename(self.claim)
        except FileNotFoundError:
            return False
        return True

    def withdraw(self) -> bool:
        """Make sure that no shepherd starts the job from now on; false when one has."""
        for announced in self.path.glob("launch-*"):
            announced.unlink(missing_ok=True)
        return not self.claim.exists()

    @property
    def announced(self) -> bool:
        """Whether a shepherd was announced that has not started the job yet."""
        return any(self.path.glob("launch-*"))

    def hold_lock(self) -> int | None:
        """Lock the folder for as long as the descriptor given is open; None: another has it."""
        descriptor = os.open(self._lock, os.O_RDWR | os.O_CREAT, 0o600)
        if lock_file(descriptor):
            return descriptor
        os.close(descriptor)
        return None

    # -- the state ----------------------------------------------------------------------

    def read_state(self) -> dict[str, Any]:
        """Give what was last said of the job; empty before it started."""
        try:
            state: dict[str, Any] = json.loads(self._state.read_bytes())
        except FileNotFoundError:
            return {}
        return state

    def write_state(self, **state: Any) -> None:
        """Replace what is said of the job."""
        write_whole(self._state, json.dumps(state))

    def read_secrets(self) -> dict[str, str]:
        """Give the secrets and forget them."""
        try:
            secrets: dict[str, str] = json.loads(self.secrets.read_bytes())
        except FileNotFoundError:
            return {}
        self.forget_secrets()
        return secrets

    def forget_secrets(self) -> None:
        """Delete what only the job may read."""
        for private in (self.secrets, self.environment):
            with suppress(FileNotFoundError):
                private.unlink()


def write_whole(path: Path, text: str, mode: int = 0o644) -> None:
    """Replace a file so that a reader sees the old text or the new, never a part."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
    temporary.replace(path)
