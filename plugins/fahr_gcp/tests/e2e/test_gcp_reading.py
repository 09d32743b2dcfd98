"""Jobs of the project, whoever sent them, read from an empty ledger."""

from __future__ import annotations

import time

import pytest
from tests.clouds.faults import Fault

from placed_jobs import ID, failed, left, placed, printed

DRIVER = "--train-driver=gcp"
EXITED = "The replica workerpool0-0 exited with a non-zero status of 1. \nTo find out more about"


@pytest.fixture
def theirs(gcp, reader):
    """A job that somebody made in the console: complete, with a log and a model."""
    base = "gs://models/theirs"
    job = placed(gcp, "PENDING", "RUNNING", "SUCCEEDED", displayName="their training", base=base)
    printed(gcp, (1, "epoch 1"), (2, "epoch 2"))
    left(gcp, "model/weights.bin", b"weights" * 1000, base="theirs")
    left(gcp, "model/nested/a b.json", b"{}", base="theirs")
    return job


def test_any_job_of_the_project_is_read_and_fetched(reader, theirs):
    for name in ("their training", ID, f"their training/{ID}"):
        assert "complete" in reader("status", name, DRIVER).stdout
    assert reader("logs", "their training", DRIVER).stdout.splitlines() == ["epoch 1", "epoch 2"]
    assert reader("logs", ID, DRIVER, "--tail=1").stdout.splitlines() == ["epoch 2"]
    reader("fetch", "./out/", "their training", DRIVER)
    assert (reader.folder / "out/weights.bin").read_bytes() == b"weights" * 1000
    assert (reader.folder / "out/nested/a b.json").read_bytes() == b"{}"
    assert reader.jobs() == {}


def test_a_job_that_is_not_there_is_said_with_its_region(reader):
    said = reader.error("status", "never-was", DRIVER)
    assert "never-was" in said
    assert "europe-west4" in said


def test_the_projects_jobs_are_listed_page_by_page(gcp, reader):
    for number in range(130):
        job = placed(gcp, "RUNNING", number=str(5000 + number), displayName=f"sweep-{number}")
        job.created = time.time() - 1000 + number
    listed = reader("ls", "--remote", DRIVER, "--all", "--json").document
    assert [job["name"] for job in listed] == [
        f"sweep-{number}/{5000 + number}" for number in reversed(range(130))
    ]
    assert len(gcp.called("aiplatform:customJobs.list")) == 2
    first = reader("ls", "--remote", DRIVER).stdout.splitlines()[0]
    assert first.startswith("sweep-129/5129\trunning\tgcp\t")
    assert len(gcp.called("aiplatform:customJobs.list")) == 3


def test_a_job_that_expired_ends_every_wait(gcp, reader):
    job = placed(gcp, "QUEUED", displayName="flex")
    job.enter("EXPIRED", code=4, reason="The job waited too long for resources.")
    assert "expired before there were machines" in reader("status", "flex", DRIVER).stdout
    reader("wait", "flex", DRIVER, status=1, timeout=120)
    reader("logs", "-f", "flex", DRIVER, status=1, timeout=120)


def test_a_failure_is_told_by_what_was_printed_last(gcp, reader):
    failed(gcp, EXITED, displayName="broken")
    printed(gcp, (1, "reads"), (2, "KeyError: 'label'"), err=True)
    said = reader("status", "broken", DRIVER, "--json").document
    assert said["state"] == "failed"
    assert said["exit_code"] == 1
    assert said["reason"].splitlines() == ["exit status 1", "reads", "KeyError: 'label'"]


def test_a_fetch_that_is_cut_goes_on(gcp, reader, theirs):
    gcp.faults.add("storage:objects.get", Fault.BROKEN, times=3)
    reader("fetch", "./out/", ID, DRIVER)
    assert (reader.folder / "out/weights.bin").read_bytes() == b"weights" * 1000
    assert len(gcp.faults.struck) == 3


def test_a_fetch_that_fails_leaves_nothing(gcp, reader, theirs):
    gcp.buckets["models"]["theirs/model/weights.bin"].contents.file.write_bytes(b"damage!" * 1000)
    said = reader.error("fetch", "./out/", ID, DRIVER, status=3)
    assert "came damaged" in said
    assert {path.name for path in reader.folder.iterdir()} == {"fahr.toml"}


def test_a_minutes_reads_that_are_used_up_are_waited_for(gcp, reader, theirs, eventually):
    gcp.logs.read_quota = 0
    follower = reader.start("logs", "-f", ID, DRIVER)
    eventually(lambda: len(gcp.called("logging:entries.list")) >= 2, timeout=60)
    gcp.logs.read_quota = float("inf")
    told, _ = follower.communicate(timeout=240)
    assert told.splitlines() == ["epoch 1", "epoch 2"]
    assert follower.returncode == 0
