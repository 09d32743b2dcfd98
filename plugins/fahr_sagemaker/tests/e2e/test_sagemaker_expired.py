"""The login is over: each command says so in one clear error, and nothing is lost by it."""

from __future__ import annotations

import os
from pathlib import Path

from tests.clouds.aws.cloud import NEW_KEY, SECRET
from tests.e2e.at_cloud import LONG, SAVE

from placed_jobs import NAME, placed, printed

DRIVER = "--train-driver=sagemaker"
OVER = "the AWS credentials have expired"
TOKEN = {"AWS_SESSION_TOKEN": "of-a-login"}


def follow(fahr, *words, line, env=None):
    """Start following a job, and give the process once it has printed a line."""
    follower = fahr.start("logs", "-f", *words, env=env)
    for printed_line in follower.stdout:
        if printed_line == f"{line}\n":
            break
    return follower


def test_a_job_outlives_the_login_that_it_was_sent_with(fahr, aws, eventually):
    def is_training(job):
        job.wait_for("Training", timeout=LONG)

    fahr.variables |= TOKEN
    name = fahr.begun(SAVE, eventually=eventually, by=is_training)
    follower = follow(fahr, name, line="ready")
    before = fahr.jobs()
    aws.expire_credentials()
    _, said = follower.communicate(timeout=120)
    assert follower.returncode == 2
    assert (said.count("error: "), said.count(OVER)) == (1, 1)
    commands = (("status",), ("logs",), ("fetch",), ("fetch", "--wait"), ("wait",), ("stop",))
    for words in (*((*each, name) for each in commands), ("ls", "--remote", DRIVER)):
        said = fahr.error(*words)
        assert OVER in said
        assert "  aws sso login\n" in said
    assert {path for path in fahr.files() if name in path or "fahr-fetch" in path} == set()
    fahr.write("train.py", "print('another')\n")
    assert "nothing was sent" in fahr.error("fit", "train.py", *fahr.drivers, timeout=LONG)
    assert fahr.jobs() == before
    assert len(aws.jobs) == 1
    aws.renew_credentials()
    assert fahr.job(name)["state"] == "running"
    fahr("stop", name)
    fahr.at_service(name).wait_for("final", timeout=LONG)
    assert fahr.ended(name)["state"] == "stopped"
    assert fahr.printed(name).count("ready") == 1
    assert fahr.fetched(name)["saved.txt"].read_text() == "in time"


def test_a_follower_goes_on_by_a_new_login(fahr_alone, aws, monkeypatch):
    for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(variable)
    log_in(aws.variables["AWS_ACCESS_KEY_ID"])
    job = placed(aws)
    printed(aws, f"{NAME}/algo-1-1", (1, "one"))
    follower = follow(fahr_alone, NAME, DRIVER, line="one")
    log_in(NEW_KEY)
    aws.expire_credentials()
    printed(aws, f"{NAME}/algo-1-1", (2, "two"))
    assert follower.stdout.readline() == "two\n"
    job.enter("Completed", status="Completed")
    output, said = follower.communicate(timeout=120)
    assert (follower.returncode, output) == (0, "")
    assert "error" not in said


def log_in(key):
    """Keep temporary keys where AWS's own tools do."""
    lines = ["[default]", f"aws_access_key_id = {key}", f"aws_secret_access_key = {SECRET}"]
    lines.append("aws_session_token = of-a-login")
    place = Path(os.environ["AWS_SHARED_CREDENTIALS_FILE"])
    whole = place.with_suffix(".new")
    whole.write_text("\n".join(lines))
    whole.replace(place)
