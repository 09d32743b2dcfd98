"""Jobs that this machine has no record of; the first line of the docs; faults on the way."""

from __future__ import annotations

import shutil

from tests.clouds.faults import Fault
from tests.e2e.at_cloud import LONG

DRIVER = "--train-driver=gcp"


def test_a_job_is_fetched_from_another_machine(fahr, gcp, tmp_path):
    fahr.write("train.py", "print('hello')\nopen('model.txt', 'w').write('weights')\n")
    name, _ = fahr.sent("train.py")
    remote = fahr.job(name)["remote_name"]
    shutil.rmtree(fahr.home)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    where = {"FAHR_GCP__PROJECT": gcp.project, "FAHR_GCP__REGION": gcp.regions[0]}
    assert "complete" in fahr("status", remote, DRIVER, cwd=elsewhere, env=where).stdout
    assert "hello" in fahr("logs", remote, DRIVER, cwd=elsewhere, env=where).stdout
    fahr("fetch", "./", remote, DRIVER, cwd=elsewhere, env=where)
    assert (elsewhere / "model.txt").read_text() == "weights"


def test_a_chosen_name_attaches_from_an_empty_ledger(fahr, gcp):
    fahr.write("train.py", "print('hello')\n")
    first = fahr.fit("train.py", "--name=digits-abc")
    shutil.rmtree(fahr.home)
    assert fahr.fit("train.py", "--name=digits-abc") == first
    assert len(gcp.jobs) == 1
    shutil.rmtree(fahr.home)
    fahr.write("train.py", "print('other')\n")
    words = ("fit", "train.py", "--name=digits-abc", *fahr.drivers)
    assert "another job called digits-abc" in fahr.error(*words, timeout=LONG)


def test_an_answer_that_is_lost_makes_no_second_job(fahr, gcp):
    fahr.write("train.py", "print('hello')\n")
    gcp.faults.add("aiplatform:customJobs.create", Fault.LOST)
    name, job = fahr.sent("train.py")
    assert job.state == "SUCCEEDED"
    assert len(gcp.jobs) == 1
    assert fahr.ended(name)["state"] == "complete"


def test_what_is_not_well_is_said_before_anything_is_made(fahr, gcp):
    gcp.disabled.add("aiplatform")
    fahr.write("train.py", "print('hello')\n")
    words = ("-c", "service_account=nobody@fahr-tests.iam.gserviceaccount.com")
    told = fahr.error("fit", "train.py", *fahr.drivers, *words, timeout=LONG)
    assert "gcloud services enable aiplatform.googleapis.com" in told
    assert "there is no service account nobody@" in told
    assert len(gcp.jobs) == 0
    assert not gcp.called("artifactregistry:repositories.create", "storage:objects.insert")
