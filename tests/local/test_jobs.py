from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from fahr_core.local import jobs
from fahr_core.local.jobs import job_folder, observe, start, stop
from fahr_core.models import JobRef, JobState, State
from fahr_core.processes import boot_id
from tests.local.staged import SLEEPER, staged

if TYPE_CHECKING:
    from pathlib import Path

    from fahr_core.local.folder import JobFolder
    from tests.conftest import Eventually

#: Has a child that ignores SIGTERM, in the same session.
FAMILY = """
import os, signal, subprocess, sys, time
code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"
print(subprocess.Popen([sys.executable, "-c", code]).pid, "ready", flush=True)
time.sleep(60)
"""


def said(folder: JobFolder) -> str:
    return folder.log.read_text() if folder.log.exists() else ""


@pytest.fixture
def running(tmp_path: Path, eventually: Eventually) -> Any:
    """Give a function that starts a job and waits until it has said ``ready``."""

    def begin(source: str = SLEEPER, **order: Any) -> tuple[JobRef, JobFolder]:
        ref, folder = staged(tmp_path, source, **order)
        assert start(folder) is None
        eventually(lambda: "ready" in said(folder))
        return ref, folder

    return begin


def final(ref: JobRef) -> JobState | None:
    state = observe(ref)
    return state if state.state.final else None


def kill_shepherd(folder: JobFolder) -> None:
    os.kill(folder.read_state()["pid"], signal.SIGKILL)


def guard_of(folder: JobFolder) -> psutil.Process | None:
    """Give the shell that the launcher leaves behind to kill the job after it."""
    children = psutil.Process(folder.read_state()["pid"]).children()
    return next((child for child in children if "fahr-guard" in command_of(child)), None)


def command_of(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:  # it ended between being listed and being asked
        return []


def is_gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def made(run_id: str, **state: Any) -> tuple[JobRef, JobFolder]:
    """Make the folder of a job that was claimed and says this."""
    folder = job_folder(run_id)
    folder.path.mkdir(parents=True)
    folder.claim.touch()
    if state:
        folder.write_state(**state)
    return JobRef(driver="local", id=run_id), folder


# -- starting ---------------------------------------------------------------------------


def test_a_job_runs_once_and_forgets_what_only_it_may_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, eventually: Eventually
) -> None:
    monkeypatch.setenv("TOKEN", "s3cret")
    monkeypatch.setenv("COLOUR", "green")
    source = f"""
import os
with open({str(tmp_path / "ran")!r}, "a") as file:
    file.write(os.environ["COLOUR"] + os.environ["TOKEN"] + "\\n")
"""
    ref, folder = staged(tmp_path, source, secrets=["TOKEN"])
    private = (folder.environment, folder.secrets)
    assert [stat.S_IMODE(path.stat().st_mode) for path in private] == [0o600, 0o600]
    monkeypatch.setenv("COLOUR", "red")  # whoever starts it may be another process
    assert start(folder) is None
    assert start(folder) is None  # once more is no error, and starts nothing
    state = eventually(lambda: final(ref))
    assert (state.state, state.exit_code, state.reason) == (State.COMPLETE, 0, None)
    assert state.started
    assert state.ended
    assert state.seen
    assert state.started <= state.ended <= state.seen
    assert not any(path.exists() for path in private)
    assert not folder.work.exists()
    assert (tmp_path / "ran").read_text() == "greens3cret\n"
    left = [path for path in folder.path.rglob("*") if path.is_file()]
    assert not [path for path in left if b"s3cret" in path.read_bytes()]


def test_a_shepherd_that_cannot_run_gives_its_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ref, folder = staged(tmp_path, "")
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho first >&2\necho no space left >&2\nexit 1\n")
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    assert start(folder) == "no space left"
    assert observe(ref).reason == "it was never started"
    python.write_text("#!/bin/sh\n")
    (folder.path / "shepherd.log").unlink()
    assert start(folder) == "its process ended at once"


def test_a_withdrawn_job_does_not_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, folder = staged(tmp_path, "")
    spawn = jobs._spawn

    def slowly(*arguments: Any) -> subprocess.Popen[bytes]:
        assert folder.withdraw()
        return spawn(*arguments)

    monkeypatch.setattr(jobs, "_spawn", slowly)
    assert start(folder) == "its process ended at once"
    assert not folder.claim.exists()


# -- a job that says nothing any more ---------------------------------------------------


@pytest.mark.parametrize("guarded", [True, False])
def test_a_vanished_job_is_failed_and_its_processes_are_killed(
    running: Any, eventually: Eventually, guarded: bool
) -> None:
    ref, folder = running(FAMILY)
    if not guarded:
        eventually(lambda: guard_of(folder)).kill()
    child = int(json.loads(said(folder).splitlines()[0])["text"].split()[0])
    script = psutil.Process(child).ppid()
    assert observe(ref).state is State.RUNNING
    kill_shepherd(folder)
    state = eventually(lambda: final(ref))
    assert state.state is State.FAILED
    assert state.reason == "its process vanished (killed, or out of memory)"
    eventually(lambda: is_gone(child) and is_gone(script))
    assert observe(ref).ended == state.ended  # written down, once


def test_a_job_that_died_between_its_claim_and_its_first_word_is_failed() -> None:
    ref, folder = made("a")
    for private in (folder.secrets, folder.environment):
        private.write_text("{}")
    state = observe(ref)
    assert (state.state, state.started) == (State.FAILED, None)
    assert not folder.secrets.exists()
    assert not folder.environment.exists()


def test_a_job_that_a_reboot_ended_says_so_and_nobody_is_killed() -> None:
    with subprocess.Popen(["sleep", "60"], start_new_session=True) as stranger:
        ref, _ = made("a", state="running", boot="another", pid=stranger.pid, started=1.0)
        state = observe(ref)
        assert state.reason == "the machine was restarted while it ran"
        assert (state.state, state.started) == (State.FAILED, 1.0)
        assert stranger.poll() is None
        stranger.kill()


def test_whoever_has_a_dead_shepherds_number_by_now_is_left_alone() -> None:
    with subprocess.Popen(["sleep", "60"], start_new_session=True) as stranger:
        ref, _ = made("a", state="running", pid=stranger.pid, boot=boot_id())
        assert observe(ref).state is State.FAILED
        assert stranger.poll() is None
        stranger.kill()


def test_a_job_that_lives_and_has_not_spoken_yet_runs() -> None:
    ref, folder = made("a")
    lock = folder.hold_lock()
    assert lock is not None
    assert observe(ref).state is State.RUNNING
    os.close(lock)


def test_jobs_that_never_started(tmp_path: Path) -> None:
    ref, folder = staged(tmp_path, "")
    assert observe(ref).reason == "it was never started"
    folder.announce("a")
    assert observe(ref).state is State.SUBMITTED
    gone = observe(JobRef(driver="local", id="gone"))
    assert (gone.state, gone.reason) == (State.FAILED, "its folder was deleted")
    assert not job_folder("gone").path.exists()


# -- stopping ---------------------------------------------------------------------------


def test_a_job_stopped_before_its_start_never_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", "s3cret")
    ref, folder = staged(tmp_path, "", secrets=["TOKEN"])
    assert folder.secrets.exists()
    folder.announce("a")
    assert stop(ref).outcome == "stopped"
    assert not folder.take_claim("a")
    state = observe(ref)
    assert (state.state, state.reason) == (State.STOPPED, "stopped before it started")
    assert not folder.secrets.exists()
    assert not folder.environment.exists()
    assert stop(ref).outcome == "stopped"


def test_stopping_a_job_that_runs(running: Any, eventually: Eventually) -> None:
    ref, _ = running(FAMILY, pairs=["grace=0.4"])
    assert stop(ref).outcome in ("stopping", "stopped")
    assert observe(ref).state in (State.STOPPING, State.STOPPED)
    state = eventually(lambda: final(ref))
    assert state.state is State.STOPPED
    assert stop(ref).outcome == "stopped"


def test_a_shepherd_that_hangs_is_killed_once_it_had_its_time(
    running: Any, eventually: Eventually
) -> None:
    ref, folder = running(pairs=["grace=0.5"])
    os.kill(folder.read_state()["pid"], signal.SIGSTOP)
    assert stop(ref).outcome == "stopping"
    assert stop(ref).outcome == "stopping"  # it still has time
    assert observe(ref).state is State.STOPPING
    long_ago = time.time() - 11
    os.utime(folder.stop_mark, (long_ago, long_ago))
    stop(ref)
    state = eventually(lambda: final(ref))
    assert state.state is State.STOPPED
    assert "vanished" in (state.reason or "")


def test_stopping_a_job_whose_shepherd_dies_before_its_first_word(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ref, folder = made("a")
    lock = folder.hold_lock()
    assert lock is not None
    withdraw = type(folder).withdraw

    def late(self: JobFolder) -> bool:
        os.close(lock)  # the shepherd dies right here
        return withdraw(self)

    monkeypatch.setattr(type(folder), "withdraw", late)
    assert stop(ref).outcome == "stopped"
    assert observe(ref).state is State.STOPPED
