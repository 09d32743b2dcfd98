"""``kill -9`` at every stage of ``fahr fit``: the next command finds the truth.

Nothing runs twice, nothing is recorded that never ran, nothing that ran is forgotten, and
nothing waits in the queue that nobody will send.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import sys
import time
from pathlib import Path

import pytest

from tests.distributions import distributions  # noqa: F401 - a fixture

KILLING = Path(__file__).parent / "killing"
HOOKS = (
    "amend_job",
    "preflight",
    "render_artifacts",
    "plan_submission",
    "stage_request",
    "submit_jobs",
)

#: A first ``fahr fit`` takes some 40 steps; the walk ends where one is not killed any more.
SHARES = 4
MOST_STEPS = 120


def check(fahr, before):
    """Look at what a kill has left by the next command; give the jobs that there are now."""
    listed = fahr.jobs()
    assert set(before) <= set(listed), "a job was forgotten"
    assert not [job for job in listed.values() if job["state"] in ("unlaunched", "submitting")]
    return listed


def numbers(names):
    return [int(name.rpartition("-")[2]) for name in names]


# -- the local driver -----------------------------------------------------------------------


def walk(fahr, steps, words=()):
    """Kill one ``fit`` before each of these steps; give the steps at which there was one."""
    log = fahr.folder.parent / "steps"
    walked = []
    listed = {}
    for step in steps:
        before = listed
        killed = fahr.start(
            "fit",
            "train.py",
            *words,
            env={"PYTHONPATH": str(KILLING), "KILL_AT": str(step), "KILL_LOG": str(log)},
        )
        out, errors = killed.communicate(timeout=60)
        assert killed.returncode in (0, -signal.SIGKILL), errors
        listed = check(fahr, before)
        if not killed.returncode:
            assert out.strip() in listed
            return walked
        assert len(listed) - len(before) in (0, 1)
        walked.append(step)
    raise AssertionError(f"fit takes more than {MOST_STEPS} steps: {log.read_text()}")


def has_no_residue(fahr):
    """Check that an hour later nothing is left of the commands that were killed."""
    before = time.time() - 3600
    for path in fahr.home.rglob("*"):
        os.utime(path, (before, before), follow_symlinks=False)
    fahr("doctor")
    recorded = {job["run_id"] for job in fahr.jobs().values()}
    assert {folder.name for folder in fahr.home.glob("jobs/*")} == recorded
    assert [path for path in fahr.home.rglob(".*") if path.name.startswith(".writing-")] == []


def is_settled(fahr, jobs):
    """Check that each recorded job ran once and to its end, and nothing else ran."""
    assert {job["state"] for job in jobs.values()} == {"complete"}, jobs
    assert sorted(fahr.ran) == sorted(jobs)
    assert len(set(numbers(jobs))) == len(jobs)
    folders = {job["run_id"] for job in jobs.values()}
    ended = {file.parent.name for file in fahr.home.glob("jobs/*/state.json")}
    assert ended == folders


@pytest.mark.parametrize("share", range(SHARES))
def test_a_kill_before_any_step_of_fit_leaves_a_job_that_runs_once_or_none(fahr, share):
    fahr.script()
    walked = walk(fahr, range(1 + share, MOST_STEPS, SHARES))
    assert len(walked) >= 4, "the walk has hardly begun"
    is_settled(fahr, fahr.all_ended())
    has_no_residue(fahr)

    latest = max(numbers(fahr.jobs()))
    name = fahr("fit", "train.py").line  # and life goes on
    assert numbers([name]) == [latest + 1]
    assert fahr.ended(name)["state"] == "complete"


@pytest.mark.parametrize("share", range(2))
def test_a_kill_before_any_step_of_a_fit_that_queues_loses_nothing(fahr, share, eventually):
    """The lane is full: each new job has to wait, and is sent when it is its turn."""
    go = fahr.folder.parent / "go"
    fahr.script(f"while not os.path.exists({str(go)!r}): time.sleep(0.05)")
    words = ["-c", "jobs_at_once=1"]
    first = fahr("fit", "train.py", *words).line
    # The first steps are those of any fit; what is different comes last.
    walk(fahr, range(16 + share, MOST_STEPS, 2), words)
    eventually(lambda: fahr.ran == [first])
    go.touch()
    jobs = fahr.all_ended()
    is_settled(fahr, jobs)
    assert numbers(fahr.ran) == sorted(numbers(fahr.ran))


@pytest.mark.parametrize("share", range(2))
def test_a_kill_at_any_moment_leaves_a_job_that_runs_once_or_none(fahr, share):
    """The same by the clock, which also meets the moments between two steps."""
    fahr.script()
    started = time.monotonic()
    jobs = {fahr("fit", "train.py").line: None}
    whole = time.monotonic() - started
    chance = random.Random(share)
    for _ in range(10):
        killed = fahr.start("fit", "train.py")
        # Most of the time goes by before anything is written.
        time.sleep(whole * (0.3 + 0.8 * chance.random()))
        killed.kill()
        killed.communicate(timeout=60)
        jobs = check(fahr, jobs)
    is_settled(fahr, fahr.all_ended())


def test_a_job_that_was_given_up_does_not_start_late(fahr, eventually):
    """Its shepherd was started and has not come to itself when the next command asks."""
    slow = fahr.folder.parent / "slow-python"
    slow.write_text(f'#!/bin/sh\nsleep 3\nexec "{sys.executable}" "$@"\n')
    slow.chmod(0o755)
    fahr.script()
    sending = fahr.start("fit", "train.py", env={"PYTHONPATH": str(KILLING), "SLOW_PYTHON": slow})
    eventually(lambda: shepherds(fahr))
    sending.kill()
    sending.communicate(timeout=60)
    assert fahr.jobs() == {}
    assert shepherds(fahr), "it was not slow enough for this test"
    eventually(lambda: not fahr.processes())
    assert fahr.ran == []
    assert fahr.jobs() == {}


@pytest.mark.parametrize("delay", [0, 0.005, 0.01, 0.02, 0.03, 0.05, 0.08, 0.12])
def test_a_shepherd_that_is_killed_at_birth_leaves_a_failed_job_or_none(fahr, delay, eventually):
    fahr.script("time.sleep(30)")
    sending = fahr.start("fit", "train.py")
    shepherd = eventually(lambda: shepherds(fahr))[0]
    time.sleep(delay)
    shepherd.kill()
    out, errors = sending.communicate(timeout=60)
    eventually(lambda: not shepherds(fahr))
    jobs = fahr.jobs()
    if sending.returncode:
        assert "nothing was started" in errors
        assert (sending.returncode, jobs, fahr.ran) == (2, {}, [])
        return
    (name,) = jobs
    assert out.strip() == name
    job = fahr.job(name)
    assert job["state"] == "failed"
    assert "vanished" in job["reason"]
    assert fahr.ran in ([], [name])
    eventually(lambda: not fahr.processes())


def shepherds(fahr):
    return fahr.processes("shepherd.py")


# -- a third party's driver -----------------------------------------------------------------


@pytest.fixture
def service(fahr, distributions):  # noqa: F811
    """Give the folder that plays the service, with the driver and the killer in place."""
    folder = fahr.folder.parent / "service"
    folder.mkdir()
    distributions.add("killer", (KILLING / "extension.py").read_text(), group="fahr.extensions")
    shutil.copy(KILLING / "driver.py", fahr.folder / "driver.py")
    fahr.script()
    fahr.write("fahr.toml", 'extensions = ["killer"]\n')
    fahr.variables = {"PYTHONPATH": str(distributions.folder), "SERVICE": str(folder)}
    return folder


def accepted(service):
    file = service / "accepted"
    return file.read_text().splitlines() if file.exists() else []


def fit_killed(fahr, moment, *words):
    line = ("fit", "train.py", "--train-driver=./driver.py", *words)
    killed = fahr.start(*line, env={"KILL_AT": moment})
    out, errors = killed.communicate(timeout=60)
    assert killed.returncode == -signal.SIGKILL, errors
    assert out == ""


MOMENTS = [f"{when}:{hook}" for hook in HOOKS for when in ("before", "after")]


def test_a_kill_around_any_hook_is_settled_by_asking_the_service(fahr, service):
    names = []
    for moment in MOMENTS:
        fit_killed(fahr, moment)
        listed = check(fahr, names)
        names += [name for name in listed if name not in names]
        arrived = moment == "after:submit_jobs"
        assert len(names) == arrived, moment
        assert accepted(service) == names, moment
    done = fahr("fit", "train.py", "--train-driver=./driver.py")
    assert numbers([done.line]) == [2]
    assert accepted(service) == [*names, done.line]
    assert {job["state"] for job in fahr.all_ended().values()} == {"complete"}


def test_a_kill_leaves_the_secrets_of_jobs_that_were_sent_alone(fahr, service):
    """Others are taken away by the next command, which forgets their jobs."""
    fahr.variables["TOKEN"] = "s3cret"
    for moment in ("after:stage_request", "before:submit_jobs", "after:submit_jobs"):
        fit_killed(fahr, moment, "--secret=TOKEN")
        assert len([*service.glob("secret-*")]) == 1
        jobs = fahr.jobs().values()
        run_ids = [kept.name.rpartition("-")[2] for kept in service.glob("secret-*")]
        assert run_ids == [job["run_id"] for job in jobs], moment
    assert len(jobs) == 1


def test_secrets_that_a_kill_left_and_nobody_can_take_away_are_told(fahr, service):
    (service / "down").touch()
    fahr.variables["TOKEN"] = "s3cret"
    fit_killed(fahr, "after:stage_request", "--secret=TOKEN")
    done = fahr("ls")
    assert "warning: the secrets of digits-train-1 may still be at driver: the" in done.stderr
    assert fahr.jobs() == {}


def test_a_job_that_the_service_cannot_tell_of_is_kept_and_never_sent_again(fahr, service):
    (service / "down").touch()
    fit_killed(fahr, "after:submit_jobs")
    (name,) = accepted(service)
    for _ in range(2):
        (job,) = fahr.jobs().values()
        assert (job["name"], job["state"]) == (name, "submitting")
        assert "does not answer" in job["reason"]
    (service / "down").unlink()
    assert accepted(service) == [name]


def test_a_job_whose_sender_was_killed_before_the_service_had_it_is_gone(fahr, service):
    (service / "down").touch()
    fit_killed(fahr, "before:submit_jobs")
    (job,) = fahr.jobs().values()
    assert job["state"] == "submitting"  # nobody could tell
    fit_killed(fahr, "before:stage_request")
    assert list(fahr.jobs()) == [job["name"]]  # nobody has to be asked
    assert accepted(service) == []
