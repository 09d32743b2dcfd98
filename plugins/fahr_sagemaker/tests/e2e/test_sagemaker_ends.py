"""How jobs end: stopped, out of time, failed, interrupted and gone on."""

from __future__ import annotations

import json

import pytest
from tests.e2e.at_cloud import LONG, SAVE


@pytest.fixture
def running(fahr, eventually):
    """Give a function that sends a script and waits until it says that it is ready."""

    def sent(text, *words):
        def is_training(job):
            job.wait_for("Training", timeout=LONG)

        return fahr.begun(text, *words, eventually=eventually, by=is_training)

    return sent


def test_a_job_that_is_stopped_saves_what_it_has(fahr, aws, running):
    aws.grace = 30.0
    name = running(SAVE)
    assert fahr.job(name)["state"] == "running"
    fahr("stop", name)
    fahr.at_service(name).wait_for("final")
    assert fahr.ended(name)["state"] == "stopped"
    assert fahr.fetched(name)["saved.txt"].read_text() == "in time"


def test_a_time_limit_ends_a_job(fahr, aws):
    aws.grace = 30.0
    fahr.write("train.py", SAVE)
    name, job = fahr.sent("train.py", "--timeout=5s")
    assert job.secondary == "MaxRuntimeExceeded"
    ended = fahr.ended(name)
    assert ended["state"] == "failed"
    assert ended["reason"].startswith("time limit of 5")
    assert fahr.fetched(name)["saved.txt"].read_text() == "in time"


def test_a_failure_has_its_reason_its_log_and_what_was_there(fahr, aws):
    fahr.write(
        "train.py",
        "open('half.txt', 'w').write('1')\nrow = {}\nprint('reads')\nrow['label']\n",
    )
    name, job = fahr.sent("train.py")
    assert job.reason.startswith("AlgorithmError: ")
    assert "KeyError: 'label'" in job.reason
    ended = fahr.ended(name)
    assert ended["state"] == "failed"
    assert "KeyError: 'label'" in ended["reason"]
    assert "train.py:4" in ended["reason"]
    assert "reads" in fahr.printed(name)
    assert fahr.fetched(name)["half.txt"].read_text() == "1"


def test_following_ends_with_the_jobs_status(fahr):
    fahr.write("train.py", "print('one', flush=True)\nraise SystemExit(3)\n")
    words = ("--train-driver=sagemaker", "--build-driver=local-cpu", "--follow")
    done = fahr("fit", "train.py", *words, status=1, timeout=480)
    assert "one" in done.stdout.splitlines()


def test_a_spot_job_that_is_interrupted_goes_on_from_its_checkpoint(fahr, aws, eventually):
    fahr.example("resume")
    fahr.settings()
    aws.grace, aws.checkpoint_interval = 30.0, 0.3
    words = ("-c", "spot=true", "-p", "steps=200", "-p", "seconds_per_step=0.1")
    name = fahr.fit("train.py", *words)
    job = fahr.at_service(name).wait_for("Training", timeout=480)

    def kept():
        found = aws.client("s3", own=True).list_objects_v2(Bucket="models").get("Contents", [])
        return any(each["Key"].endswith("state.json") for each in found)

    eventually(kept, timeout=120)
    aws.interrupt(job.name)
    job.wait_for("Interrupted")
    job.wait_for("final", timeout=480)
    assert (job.status, job.attempt) == ("Completed", 2)
    assert any("resuming from" in line for line in fahr.printed(name))
    ended = fahr.ended(name)
    assert (ended["state"], ended["attempt"]) == ("complete", 2)
    assert json.loads(fahr.fetched(name)["model.json"].read_text())["step"] == 200
