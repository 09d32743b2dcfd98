"""How jobs end, and what of them can be had: reasons, logs as they come, output in pages."""

from __future__ import annotations

from tests.clouds.kaggle import Limits, Pace
from tests.conftest import wait_until

MANY = """
import pathlib
for number in range(50):
    folder = pathlib.Path("epochs", str(number % 7))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"part {number}.bin").write_bytes(bytes([number]) * number)
"""
FAILS = """
import pathlib
rows = [{"text": "x"}]
pathlib.Path("so-far.txt").write_text("partial")
for row in rows:
    y = row["label"]
"""
GATE = """
import os, time
while not os.path.exists("/kaggle/input/gate/open"):
    time.sleep(0.05)
"""


def test_a_job_that_fails_says_why_and_leaves_what_it_had(fahr):
    fahr.write("train.py", FAILS)
    name, session = fahr.sent("train.py")
    assert session.status == "ERROR"
    done = fahr("wait", name, status=1)
    assert "Traceback" not in done.stderr
    job = fahr.job(name)
    assert job["state"] == "failed"
    assert "KeyError: 'label'" in job["reason"]
    assert "train.py" in job["reason"]
    assert fahr.fetched(name)["so-far.txt"].read_text() == "partial"


def test_long_output_comes_whole_from_three_pages(fahr, clouds):
    cloud = clouds(limits=Limits(page_size=20))
    fahr.at(cloud).write("train.py", MANY)
    name, _ = fahr.sent("train.py")
    assert fahr.ended(name)["state"] == "complete"
    files = fahr.fetched(name)
    found = {path: file.read_bytes() for path, file in files.items() if path.startswith("epochs/")}
    wanted = {f"epochs/{n % 7}/part {n}.bin": bytes([n]) * n for n in range(50)}
    assert found == wanted
    assert fahr.fetched(name, "--include", "epochs/3/*", "--overwrite")
    tokens = {call.document.get("pageToken") for call in cloud.calls_of("ListKernelSessionOutput")}
    assert len(tokens) == 3


def test_only_what_is_asked_for_is_fetched(fahr, cloud):
    fahr.write("train.py", MANY)
    name, _ = fahr.sent("train.py")
    files = fahr.fetched(name, "--include", "epochs/3/*")
    assert files
    assert {path.rpartition("/")[0] for path in files} == {"epochs/3"}


def test_following_shows_lines_as_they_come_and_ends_as_the_job_does(fahr, cloud):
    folder = cloud.datasets.put("anna", "gate", {"x": ""}).version().folder
    fahr.write(
        "train.py", "print('first', flush=True)" + GATE + "print('last')\nraise SystemExit(3)\n"
    )
    words = ["--train-driver=kaggle", "-c", "dataset_sources=anna/gate", "--follow"]
    follower = fahr.start("fit", "train.py", *words)
    seen = []
    for line in follower.stdout:
        seen.append(line)
        if line == "first\n":
            assert cloud.sessions[0].active
            (folder / "open").touch()
    follower.wait(timeout=240)
    errors = follower.stderr.read()
    follower.stdout.close()
    follower.stderr.close()
    assert [line for line in seen if line in ("first\n", "last\n")] == ["first\n", "last\n"]
    assert (follower.returncode, "Traceback" in errors) == (1, False), errors


def test_a_job_is_stopped(fahr, cloud):
    cloud.datasets.put("anna", "gate", {"x": ""})
    fahr.write("train.py", "print('first', flush=True)" + GATE)
    name = fahr.fit("train.py", "-c", "dataset_sources=anna/gate")
    wait_until(lambda: "first" in cloud.sessions[0].log.text, 60)
    assert f"{name} stopp" in fahr("stop", name).stderr
    assert cloud.sessions[0].wait() == "CANCEL_ACKNOWLEDGED"
    assert fahr.ended(name)["state"] == "stopped"
    assert f"{name} stopped" in fahr("stop", name).stderr


def test_a_session_that_is_stopped_on_the_page_is_stopped(fahr, clouds):
    cloud = clouds(pace=Pace(queued_seconds=3600))
    fahr.at(cloud).write("train.py", "print('first')\n")
    name = fahr.fit("train.py")
    said = fahr("stop", name, status=2)
    assert "not possible" in said.stderr
    assert "https://www.kaggle.com/code/anna/train" in said.stderr
    assert cloud.sessions[0].active
    cloud.sessions[0].cancel()
    cloud.sessions[0].wait()
    assert fahr.ended(name)["state"] == "stopped"


def test_a_log_that_breaks_off_goes_on_without_a_line_twice(fahr, cloud):
    folder = cloud.datasets.put("anna", "gate", {"x": ""}).version().folder
    fahr.write("train.py", "print('first', flush=True)" + GATE + "print('last')\n")
    name = fahr.fit("train.py", "-c", "dataset_sources=anna/gate")
    cloud.faults.add("LogStream", "torn", after=1)
    follower = fahr.start("logs", "-f", name)
    seen = [follower.stdout.readline()]
    (folder / "open").touch()
    rest, _ = follower.communicate(timeout=240)
    lines = [line for line in [*seen, *rest.splitlines(True)] if line in ("first\n", "last\n")]
    assert lines == ["first\n", "last\n"]
    assert cloud.faults.left == 0
