"""Local jobs as seen from outside: start, ask, stop."""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from fahr_core import paths
from fahr_core.local.folder import JobFolder
from fahr_core.models import JobRef, JobState, State, StopResult
from fahr_core.processes import boot_id
from fahr_core.stopping import result_of

__all__ = ["job_folder", "observe", "start", "stop"]

#: Seconds that a new shepherd may take to claim its job before the start counts as failed.
_START_LIMIT = 60.0

_shepherds: list[subprocess.Popen[bytes]] = []


def job_folder(run_id: str) -> JobFolder:
    """Give the folder of the job with this run id."""
    return JobFolder(paths.home_folder() / "jobs" / run_id)


def start(folder: JobFolder) -> str | None:
    """Start a staged job detached, once; give the reason when it cannot be started.

    A job that has started already is left as it is.  Returns when the shepherd has claimed
    the job, so that a kill of this process at any moment leaves either a running job or none.
    """
    if folder.claim.exists():
        return None
    token = secrets.token_hex(8)
    folder.announce(token)
    shepherd = _spawn(folder, token)
    _reap(shepherd)
    limit = time.monotonic() + _START_LIMIT
    while not folder.claim.exists():
        if shepherd.poll() is not None or time.monotonic() > limit:
            return None if not folder.withdraw() else _said(folder)
        time.sleep(0.002)
    return None


def _reap(shepherd: subprocess.Popen[bytes]) -> None:
    """Keep hold of a shepherd, and let those that have ended go.

    Nobody waits for them: they outlive this process, unless it is a queue's runner.
    """
    _shepherds[:] = [known for known in _shepherds if known.poll() is None]
    _shepherds.append(shepherd)


def _spawn(folder: JobFolder, token: str) -> subprocess.Popen[bytes]:
    here = Path(__file__).parent
    command = [sys.executable, "-I", "-S", str(here / "shepherd.py")]
    command += [str(folder.path), token, str(here.parent / "launcher"), boot_id()]
    with folder.log.open("ab") as log, (folder.path / "shepherd.log").open("ab") as errors:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=errors,
            start_new_session=True,
            cwd=folder.path,
            env=json.loads(folder.environment.read_bytes()),
        )


def _said(folder: JobFolder) -> str:
    text = (folder.path / "shepherd.log").read_text("utf-8", "replace").strip()
    return text.splitlines()[-1] if text else "its process ended at once"


def observe(ref: JobRef) -> JobState:
    """Tell a job's state; a job whose process vanished is found failed, and written so."""
    folder = job_folder(ref.id)
    said = folder.read_state()
    if not said.get("ended"):
        said = _settled(folder, said)
    state = State(said["state"])
    if state is State.RUNNING and folder.stop_mark.exists():
        state = State.STOPPING
    return JobState(
        ref=ref,
        state=state,
        reason=said.get("reason"),
        exit_code=said.get("exit_code"),
        started=said.get("started"),
        ended=said.get("ended"),
        seen=time.time(),
    )


def _settled(folder: JobFolder, said: dict[str, Any]) -> dict[str, Any]:
    """Give the state of a job that has not said that it ended."""
    if not folder.path.is_dir():
        return _failure({}, "its folder was deleted")
    if not folder.claim.exists():
        if folder.announced:
            return {"state": "submitted"}
        if not folder.claim.exists():  # claimed between the two looks
            return _failure({}, "it was never started")
    lock = folder.hold_lock()
    if lock is None:
        return folder.read_state() or {"state": "running"}
    try:
        said = folder.read_state()
        return said if said.get("ended") else _buried(folder, said)
    finally:
        os.close(lock)


def _buried(folder: JobFolder, said: dict[str, Any]) -> dict[str, Any]:
    """End a job whose shepherd is dead: kill what is left of it and write its state."""
    if said.get("boot", boot_id()) != boot_id():
        reason = "the machine was restarted while it ran"
    else:
        reason = "its process vanished (killed, or out of memory)"
        _kill_leftovers(folder)
    if folder.stop_mark.exists():
        said = {**said, "state": "stopped", "ended": time.time(), "reason": reason}
    else:
        said = _failure(said, reason)
    folder.forget_secrets()
    folder.write_state(**said)
    return said


def _failure(said: dict[str, Any], reason: str) -> dict[str, Any]:
    return {**said, "state": "failed", "ended": time.time(), "reason": reason}


def _kill_leftovers(folder: JobFolder) -> None:
    """Kill the processes of a dead shepherd's job: a job runs supervised or not at all.

    The launcher's guard does that at once, unless it was killed too.  They are known by a
    variable that no other job has: their session is their own, and numbers are given anew.
    """
    mark = f"FAHR_INPUT_DIR={folder.inputs}".encode()
    for process in Path("/proc").glob("[1-9]*"):
        with suppress(OSError):  # it has ended, or is another user's
            if mark in (process / "environ").read_bytes().split(b"\0"):
                os.kill(int(process.name), signal.SIGKILL)


def stop(ref: JobRef) -> StopResult:
    """Ask a job to stop: SIGTERM, then after its grace SIGKILL to all of its processes."""
    folder = job_folder(ref.id)
    if (state := observe(ref).state).final:
        return result_of(state)
    if folder.withdraw():
        folder.forget_secrets()
        folder.write_state(state="stopped", ended=time.time(), reason="stopped before it started")
        return StopResult(outcome="stopped")
    shepherd = _shepherd(folder)
    if not folder.stop_mark.exists():
        folder.stop_mark.touch()
        sign = signal.SIGTERM
    elif time.time() - folder.stop_mark.stat().st_mtime < _grace(folder) + 10:
        return StopResult(outcome="stopping")
    else:
        sign = signal.SIGKILL  # the shepherd itself hangs
    if shepherd is not None:
        with suppress(ProcessLookupError):
            os.kill(shepherd, sign)
    return StopResult(outcome="stopped" if observe(ref).state.final else "stopping")


def _shepherd(folder: JobFolder) -> int | None:
    """Give the shepherd's process id, which it writes right after its claim; None: it died."""
    while not (pid := folder.read_state().get("pid")):
        if (lock := folder.hold_lock()) is not None:
            os.close(lock)
            return None
        time.sleep(0.002)
    return int(pid)


def _grace(folder: JobFolder) -> float:
    return float(json.loads(folder.description.read_bytes()).get("grace", 30.0))
