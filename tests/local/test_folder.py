from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from fahr_core.local import folder as folder_module
from fahr_core.local.folder import JobFolder, write_whole

#: What a shepherd and a command that gives up do, many times at the same instant.
RACER = """
import os, sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from folder import JobFolder
part, number, racers, rounds = sys.argv[3], sys.argv[4], int(sys.argv[5]), int(sys.argv[6])
for place in (Path(sys.argv[2], str(turn)) for turn in range(rounds)):
    job = JobFolder(place)
    if part == "start":
        job.announce(number)
    (place / ("at-" + number)).touch()
    while len(list(place.glob("at-*"))) < racers:
        os.sched_yield()
    if part == "start":
        lock = job.hold_lock()
        done = lock is not None and job.take_claim(number)
        if lock is not None:
            os.close(lock)
    else:
        done = job.withdraw()
    (place / f"{part}-{number}-{done}").touch()
"""
HOLDER = """
import sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from folder import JobFolder
job = JobFolder(Path(sys.argv[2]))
print(job.hold_lock() is not None, flush=True)
time.sleep(60)
"""


@pytest.fixture
def job(tmp_path: Path) -> JobFolder:
    return JobFolder(tmp_path)


def child(code: str, *arguments: object) -> subprocess.Popen[str]:
    """Start a process that has this file alone, as the shepherd has."""
    command = [sys.executable, "-I", "-S", "-c", code, str(Path(folder_module.__file__).parent)]
    return subprocess.Popen([*command, *map(str, arguments)], stdout=subprocess.PIPE, text=True)


def race(tmp_path: Path, parts: list[str], rounds: int) -> list[tuple[int, int]]:
    """Give for each round how many started the job and how many withdrew it."""
    for turn in range(rounds):
        (tmp_path / str(turn)).mkdir()
    racers = [
        child(RACER, tmp_path, part, number, len(parts), rounds)
        for number, part in enumerate(parts)
    ]
    for racer in racers:
        racer.communicate(timeout=60)
        assert racer.returncode == 0
    places = [tmp_path / str(turn) for turn in range(rounds)]
    return [
        (len(list(place.glob("start-*-True"))), len(list(place.glob("withdraw-*-True"))))
        for place in places
    ]


# -- starting once ----------------------------------------------------------------------


def test_of_many_shepherds_one_starts_the_job(tmp_path: Path) -> None:
    assert race(tmp_path, ["start"] * 4, 30) == [(1, 0)] * 30


def test_of_a_start_and_its_withdrawal_exactly_one_succeeds(tmp_path: Path) -> None:
    outcomes = race(tmp_path, ["start", "withdraw"], 100)
    assert set(outcomes) <= {(1, 0), (0, 1)}


def test_of_many_starts_and_withdrawals_one_side_wins(tmp_path: Path) -> None:
    outcomes = race(tmp_path, ["start", "withdraw", "start", "withdraw"], 40)
    assert all(started == 1 if not withdrew else started == 0 for started, withdrew in outcomes)


def test_a_job_that_has_run_does_not_start_again(job: JobFolder) -> None:
    job.announce("a")
    assert job.take_claim("a")
    job.announce("b")
    assert not job.take_claim("b")
    assert not job.take_claim("a")


def test_announcements(job: JobFolder) -> None:
    assert not job.announced
    job.announce("a")
    assert job.announced
    assert not job.take_claim("b")
    assert job.take_claim("a")
    assert not job.announced
    assert not job.withdraw()


def test_a_withdrawn_job_starts_with_a_new_announcement(job: JobFolder) -> None:
    job.announce("a")
    job.announce("b")
    assert job.withdraw()
    assert not job.announced
    assert not job.take_claim("a")
    assert not job.take_claim("b")
    job.announce("c")
    assert job.take_claim("c")


# -- the lock ---------------------------------------------------------------------------


def test_the_lock_goes_when_its_process_is_killed(job: JobFolder) -> None:
    holder = child(HOLDER, job.path)
    assert holder.stdout
    assert holder.stdout.readline() == "True\n"
    assert job.hold_lock() is None
    holder.send_signal(signal.SIGKILL)
    holder.communicate()
    lock = job.hold_lock()
    assert lock is not None
    assert job.hold_lock() is None  # not twice in one process either
    os.close(lock)


def test_a_child_of_the_holder_does_not_hold_the_lock(job: JobFolder) -> None:
    lock = job.hold_lock()
    assert lock is not None
    with subprocess.Popen(["sleep", "60"], close_fds=False) as sleeper:
        os.close(lock)
        again = job.hold_lock()
        sleeper.kill()
    assert again is not None
    os.close(again)


# -- the state --------------------------------------------------------------------------


def test_a_state_is_replaced_whole(job: JobFolder) -> None:
    assert job.read_state() == {}
    job.write_state(state="running", pid=1)
    job.write_state(state="complete")
    assert job.read_state() == {"state": "complete"}
    assert [path.name for path in job.path.iterdir()] == ["state.json"]


def test_what_only_the_job_may_read_is_read_once(job: JobFolder) -> None:
    assert job.read_secrets() == {}
    write_whole(job.secrets, json.dumps({"TOKEN": "s3cret"}), mode=0o600)
    write_whole(job.environment, "{}", mode=0o600)
    assert stat.S_IMODE(job.secrets.stat().st_mode) == 0o600
    assert job.read_secrets() == {"TOKEN": "s3cret"}
    assert not job.secrets.exists()
    assert not job.environment.exists()
    assert job.read_secrets() == {}
    job.forget_secrets()  # once more is no error


def test_a_private_file_is_private_before_anything_is_in_it(
    job: JobFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    modes = []
    real = os.fdopen

    def seen(descriptor: int, *arguments: object, **options: object) -> object:
        modes.append(stat.S_IMODE(os.fstat(descriptor).st_mode))
        return real(descriptor, *arguments, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(os, "fdopen", seen)
    write_whole(job.secrets, "{}", mode=0o600)
    assert modes == [0o600]
