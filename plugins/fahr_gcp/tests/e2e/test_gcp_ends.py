"""How jobs end: stopped, out of time, failed, interrupted and gone on; several machines."""

from __future__ import annotations

import json

import pytest
from tests.e2e.at_cloud import LONG, SAVE, SUM


@pytest.fixture
def running(fahr, eventually):
    """Give a function that sends a script and waits until it says that it is ready."""
    return lambda text, *words: fahr.begun(text, *words, eventually=eventually)


def test_a_job_that_is_stopped_saves_what_it_has(fahr, gcp, running):
    gcp.grace = 30.0
    name = running(SAVE)
    assert fahr.job(name)["state"] == "running"
    fahr("stop", name)
    fahr.at_service(name).wait_for("final")
    assert fahr.ended(name)["state"] == "stopped"
    assert fahr.fetched(name)["saved.txt"].read_text() == "in time"


def test_a_time_limit_ends_a_job(fahr, gcp):
    fahr.write("train.py", SAVE)
    name, job = fahr.sent("train.py", "--timeout=5s")
    assert job.state == "FAILED"
    ended = fahr.ended(name)
    assert ended["state"] == "failed"
    assert ended["reason"].startswith("time limit of 5")
    assert fahr.fetched(name)["saved.txt"].read_text() == "in time"


@pytest.mark.parametrize("mounted", [True, False])
def test_a_failure_has_its_reason_its_log_and_what_was_there(fahr, gcp, mounted):
    gcp.gcs_mounted = mounted
    fahr.write(
        "train.py",
        "open('half.txt', 'w').write('1')\nrow = {}\nprint('reads')\nrow['label']\n",
    )
    name, job = fahr.sent("train.py")
    assert job.state == "FAILED"
    ended = fahr.ended(name)
    assert ended["state"] == "failed"
    assert "KeyError: 'label'" in ended["reason"]
    assert "train.py:4" in ended["reason"]
    assert "reads" in fahr.printed(name)
    assert fahr.fetched(name)["half.txt"].read_text() == "1"


def test_following_ends_with_the_jobs_status(fahr):
    fahr.write("train.py", "print('one', flush=True)\nraise SystemExit(3)\n")
    done = fahr("fit", "train.py", *fahr.drivers, "--follow", status=1, timeout=LONG)
    assert "one" in done.stdout.splitlines()


def test_a_spot_job_that_is_interrupted_goes_on_from_its_checkpoint(fahr, gcp, eventually):
    fahr.example("resume")
    fahr.settings()
    gcp.grace = 30.0
    words = ("-c", "strategy=spot", "-p", "steps=200", "-p", "seconds_per_step=0.1")
    name = fahr.fit("train.py", *words)
    job = fahr.at_service(name)
    eventually(lambda: any("step" in line for line in fahr.printed(name)), timeout=LONG)
    gcp.interrupt(job.asked["displayName"])
    job.wait_for("final", timeout=LONG)
    printed = fahr.printed(name)
    assert job.state == "SUCCEEDED", printed
    assert any("resuming from" in line for line in printed)
    assert job.attempt == 2
    assert fahr.ended(name)["state"] == "complete"
    assert json.loads(fahr.fetched(name)["model.json"].read_text())["step"] == 200


def test_two_machines_add_up_what_each_has(fahr):
    fahr.write("train.py", SUM)
    fahr.settings('launch = "python"')
    name, job = fahr.sent("train.py", "--nodes=2")
    printed = fahr.printed(name)
    assert job.state == "SUCCEEDED", printed
    assert [line for line in printed if "rank 0 of 2 has the sum 3" in line]
    assert [line for line in printed if "rank 1 of 2 has the sum 3" in line]
    files = fahr.fetched(name)
    assert files["sum.txt"].read_text() == "3"
    assert files["rank-1/sum.txt"].read_text() == "3"
