"""A job longer than a session goes on in the next one."""

from __future__ import annotations

from tests.conftest import wait_until

LONG = """
import os, pathlib, time
checkpoints = pathlib.Path(os.environ["FAHR_CHECKPOINT_DIR"])
checkpoints.mkdir(parents=True, exist_ok=True)
counter = checkpoints / "counter"
done = int(counter.read_text()) if counter.exists() else 0
print("begins at", done, flush=True)
for number in range(done + 1, 4):
    counter.write_text(str(number))
    if number < 3:
        time.sleep(600)
pathlib.Path("model.txt").write_text(f"after {number}")
"""


def test_a_chained_job_resumes_from_its_checkpoint_in_follow_up_sessions(fahr, cloud):
    fahr.write("train.py", LONG)
    name = fahr.fit("train.py", "--timeout", "8s", "-c", "chain=3")
    wait_until(lambda: fahr.job(name)["state"] in ("complete", "failed"), 240)
    job = fahr.job(name)
    assert job["state"] == "complete", [session.log.text for session in cloud.sessions]
    begun = [session.log.text for session in cloud.sessions]
    assert [f"begins at {number}" in text for number, text in enumerate(begun)] == [True] * 3
    assert fahr.fetched(name)["model.txt"].read_text() == "after 3"


def test_a_chain_ends_where_it_was_told_to(fahr, cloud):
    fahr.write("train.py", LONG)
    name = fahr.fit("train.py", "--timeout", "8s", "-c", "chain=1")
    wait_until(lambda: fahr.job(name)["state"] in ("complete", "failed"), 240)
    assert fahr.job(name)["state"] == "failed"
    assert len(cloud.sessions) == 2
