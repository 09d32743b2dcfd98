"""The role that the documentation has for the service account of jobs, held against a real job."""

from __future__ import annotations

from tests.e2e.at_cloud import LONG

from test_roles import included

#: What the services do as the account, where this cloud cannot see it: pulling the image, the log.
UNSEEN = {"artifactregistry.repositories.downloadArtifacts", "logging.logEntries.create"}
#: What a job is let do with its own secret alone, when that is stored.
WITH_SECRETS = {"secretmanager.versions.access"}
#: Waits to be interrupted, and at its second start replaces the checkpoint of the first.
TRAIN = """
import os, time
from pathlib import Path
assert os.environ["TOKEN"] == "made-up"
assert Path(os.environ["FAHR_INPUT_DIR"], "data", "one.txt").read_text() == "1"
state = Path(os.environ["FAHR_CHECKPOINT_DIR"], "state.txt")
again = state.exists()
state.write_text("at the end" if again else "begun")
print("ready", flush=True)
while not again:
    time.sleep(0.05)
Path("model.txt").write_text("weights")
"""


def test_the_role_is_enough_for_a_job_and_allows_no_more(fahr, gcp, eventually):
    gcp.gcs_mounted = False  # what goes through the mount is asked for by the mount
    fahr.write("train.py", TRAIN)
    (fahr.folder.parent / "data").mkdir()
    (fahr.folder.parent / "data" / "one.txt").write_text("1")
    words = ("--secret=TOKEN", "--input=data=../data", "-c", "strategy=spot")
    name = fahr.fit("train.py", *words, env={"TOKEN": "made-up"})
    job = fahr.at_service(name)
    eventually(lambda: "ready" in fahr.printed(name), timeout=LONG)
    gcp.interrupt(job.asked["displayName"])
    job.wait_for("final", timeout=LONG)
    assert job.state == "SUCCEEDED", fahr.printed(name)
    place = next(path for path in gcp.buckets["models"].names if path.endswith("/state.txt"))
    assert gcp.buckets["models"][place].content == b"at the end"
    assert gcp.permissions("job") | UNSEEN == included("gcp-job-role.yaml") | WITH_SECRETS
