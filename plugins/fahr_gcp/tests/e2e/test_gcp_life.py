"""Jobs that were sent: their lines while they run, how they end, and what another machine sees."""

from __future__ import annotations

import re
import shutil

import pytest
from tests.e2e.at_cloud import SAVE

DRIVER = "--train-driver=gcp"
WORDS = (DRIVER, "--build-driver=local-cpu")
COUNTING = """
import os, sys, time
rank = os.environ.get("RANK", "0")
for number in range(30):
    print(f"rank {rank} line {number:02}", flush=True)
    print(f"rank {rank} noise {number:02}", file=sys.stderr, flush=True)
    time.sleep(0.3)
"""


def test_the_lines_of_two_replicas_come_live_each_once(fahr, gcp):
    gcp.logs.delay = 2.0  # as on the service: a line can be read a while after it was printed
    gcp.logs.twice = True
    fahr.write("train.py", COUNTING)
    fahr.settings('launch = "python"')
    done = fahr(
        "fit", "train.py", "--nodes=2", DRIVER, "--build-driver=local-cpu", "-f", timeout=600
    )
    lines = [line for line in done.stdout.splitlines() if re.search("line|noise", line)]
    (job,) = gcp.jobs
    printed = {line for line in gcp.logs.of(job.number) if re.search("line|noise", line)}
    assert len(printed) > 100  # the second replica is ended with the first
    assert sorted(line.partition(": ")[2] for line in lines) == sorted(printed)
    replicas = {line.partition(": ")[0]: re.search(r"rank (\d)", line)[1] for line in lines}
    assert sorted(replicas.values()) == ["0", "1"]
    assert gcp.logs.most_reads <= 60


def test_a_failure_has_its_reason_its_log_and_what_was_there(fahr):
    fahr.write(
        "train.py",
        "open('half.txt', 'w').write('1')\nrow = {}\nprint('reads')\nrow['label']\n",
    )
    name, job = fahr.sent("train.py")
    assert "non-zero status" in job.reason  # all that the service says
    ended = fahr.ended(name)
    assert ended["state"] == "failed"
    assert ended["exit_code"] == 1
    assert "KeyError: 'label'" in ended["reason"]
    assert "train.py:4" in ended["reason"]
    assert "reads" in fahr.printed(name)
    assert fahr.fetched(name)["half.txt"].read_text() == "1"


def test_a_job_that_is_stopped_saves_what_it_has(fahr, gcp, eventually):
    gcp.grace = 30.0
    fahr.write("train.py", SAVE)
    name = fahr.fit("train.py")
    fahr.at_service(name).wait_for("RUNNING", timeout=480)
    eventually(lambda: "ready" in fahr.printed(name), timeout=120)
    assert fahr.job(name)["state"] == "running"
    fahr("stop", name)
    fahr.at_service(name).wait_for("final")
    assert fahr.ended(name)["state"] == "stopped"
    assert fahr.fetched(name)["saved.txt"].read_text() == "in time"


def test_a_job_is_read_and_fetched_from_another_machine(fahr, tmp_path):
    fahr.write("train.py", "print('hello')\nopen('model.txt', 'w').write('weights')\n")
    name, _ = fahr.sent("train.py")
    remote = fahr.job(name)["remote_name"]
    shutil.rmtree(fahr.home)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    shutil.copy(fahr.folder / "fahr.toml", elsewhere)
    assert "complete" in fahr("status", remote, DRIVER, cwd=elsewhere).stdout
    assert "hello" in fahr("logs", remote, DRIVER, cwd=elsewhere).stdout
    fahr("fetch", "./out/", remote, DRIVER, cwd=elsewhere)
    assert (elsewhere / "out/model.txt").read_text() == "weights"
    listed = fahr("ls", "--remote", DRIVER, "--json", cwd=elsewhere).document
    assert [job["name"] for job in listed] == [remote]


@pytest.mark.parametrize("status", [3, 143])
def test_following_ends_with_the_jobs_status(fahr, status):
    fahr.write("train.py", f"print('one', flush=True)\nraise SystemExit({status})\n")
    words = (*WORDS, "--follow")
    done = fahr("fit", "train.py", *words, status=1, timeout=480)
    assert "one" in done.stdout.splitlines()
