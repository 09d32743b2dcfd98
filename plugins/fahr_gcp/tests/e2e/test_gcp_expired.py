"""The login is over: each command says so in one clear error, and nothing is lost by it."""

from __future__ import annotations

import pytest
from tests.e2e.at_cloud import LONG, SAVE

from placed_jobs import ID, placed, printed

DRIVER = "--train-driver=gcp"
OVER = "the Google login has ended"
AGAIN = "gcloud auth application-default login"


@pytest.fixture
def login(gcp, monkeypatch):
    """Log a person in; give a function that does so anew, which ends the login before."""

    def log_in(word="of-a-login"):
        gcp.outside_token = word
        file = str(gcp.credentials.person(gcp.project))
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", file)

    log_in()
    return log_in


def end_login(gcp):
    """Let the login be over: no token is taken any more, and no new one is given for it."""
    gcp.outside_token = "of-nobody"
    gcp.accounts.expire(gcp.accounts.person)


def follow(fahr, *words, line):
    """Start following a job, and give the process once it has printed a line."""
    follower = fahr.start("logs", "-f", *words)
    for printed_line in follower.stdout:
        if printed_line == f"{line}\n":
            break
    return follower


def test_a_job_outlives_the_login_that_it_was_sent_with(fahr, gcp, login, eventually):
    name = fahr.begun(SAVE, eventually=eventually)
    follower = follow(fahr, name, line="ready")
    before = fahr.jobs()
    end_login(gcp)
    _, said = follower.communicate(timeout=120)
    assert follower.returncode == 2
    assert (said.count("error: "), said.count(OVER)) == (1, 1)
    commands = (("status",), ("logs",), ("fetch",), ("fetch", "--wait"), ("wait",), ("stop",))
    for words in (*((*each, name) for each in commands), ("ls", "--remote", DRIVER)):
        said = fahr.error(*words)
        assert OVER in said
        assert f"  {AGAIN}\n" in said
    assert {path for path in fahr.files() if name in path or "fahr-fetch" in path} == set()
    fahr.write("train.py", "print('another')\n")
    assert "nothing was sent" in fahr.error("fit", "train.py", *fahr.drivers, timeout=LONG)
    assert fahr.jobs() == before
    assert len(gcp.jobs) == 1
    login("of-another-login")
    assert fahr.job(name)["state"] == "running"
    fahr("stop", name)
    fahr.at_service(name).wait_for("final", timeout=LONG)
    assert fahr.ended(name)["state"] == "stopped"
    assert fahr.printed(name).count("ready") == 1
    assert fahr.fetched(name)["saved.txt"].read_text() == "in time"


def test_a_follower_goes_on_by_a_new_login(reader, gcp, login):
    job = placed(gcp)
    printed(gcp, (1, "one"))
    follower = follow(reader, ID, DRIVER, line="one")
    login("of-another-login")
    gcp.accounts.expire(gcp.accounts.person)
    printed(gcp, (2, "two"))
    assert follower.stdout.readline() == "two\n"
    job.enter("SUCCEEDED")
    output, said = follower.communicate(timeout=120)
    assert (follower.returncode, output) == (0, "")
    assert "error" not in said
