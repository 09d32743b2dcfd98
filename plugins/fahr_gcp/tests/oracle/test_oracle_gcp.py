"""Google's own clients read what fahr made, and fahr reads what they made."""

from __future__ import annotations

import hashlib

from fahr_gcp import regions

DRIVER = "--train-driver=gcp"
TRAIN = """
import os, time
epochs = 1
print("trains", epochs, "at", os.environ["FAHR_EXECUTION_ENVIRONMENT"], flush=True)
time.sleep(float(os.environ.get("PAUSE", "0")))
open("model.txt", "w").write("weights" * 100_000)
"""
BEGIN = """
import json, os, sys
from google.cloud import aiplatform
endpoint, *words = sys.argv[1:]
aiplatform.init(
    project=os.environ["GOOGLE_CLOUD_PROJECT"],
    location="europe-west4",
    api_endpoint=endpoint,
    api_transport="rest",
)
"""
WAIT = (
    BEGIN
    + """
job = aiplatform.CustomJob.get(words[0])
job.wait_for_completion()
told = {"name": job.display_name, "state": job.state.name, "labels": job.labels}
print(json.dumps({**told, "link": job._dashboard_uri()}))
"""
)
FAIL = (
    BEGIN
    + """
job = aiplatform.CustomJob.get(words[0])
try:
    job.wait_for_completion()
    print(json.dumps(""))
except RuntimeError as error:
    print(json.dumps(str(error)))
"""
)
LIST = (
    BEGIN
    + """
jobs = aiplatform.CustomJob.list(filter='labels.fahr-run="%s"' % words[0])
print(json.dumps([job.name for job in jobs]))
"""
)
AGAIN = (
    BEGIN
    + """
pools = aiplatform.CustomJob.get(words[0]).to_dict()["jobSpec"]["workerPoolSpecs"]
for each in pools[0]["containerSpec"]["env"]:
    if each["name"] == "FAHR_PLACE":
        each["value"] = words[1]
pools = [
    {
        "machine_spec": {"machine_type": pools[0]["machineSpec"]["machineType"]},
        "replica_count": 1,
        "container_spec": {
            "image_uri": pools[0]["containerSpec"]["imageUri"],
            "env": pools[0]["containerSpec"]["env"],
        },
    }
]
job = aiplatform.CustomJob("by hand", pools, base_output_dir=words[1], staging_bucket="gs://models")
job.submit(service_account=words[2])
job.wait_for_completion()
print(json.dumps(job.name))
"""
)
DOWNLOAD = """
import json, sys, hashlib
import google.auth
from google.cloud import storage
_, bucket, prefix = sys.argv[1:]
client = storage.Client(credentials=google.auth.default()[0])
found = {}
for blob in client.list_blobs(bucket, prefix=prefix):
    content = blob.download_as_bytes(checksum="crc32c")
    found[blob.name.removeprefix(prefix)] = hashlib.sha256(content).hexdigest()
print(json.dumps(found))
"""
REGIONS = """
import json
from google.cloud.aiplatform.constants import base
print(json.dumps(sorted(base.SUPPORTED_REGIONS)))
"""


def test_the_regions_that_are_suggested_are_googles(sdk):
    assert sorted(regions.REGIONS - set(sdk(REGIONS))) == []


def test_the_sdk_reads_and_waits_for_a_job_of_fahrs(fahr, gcp, sdk):
    fahr.write("train.py", TRAIN)
    name = fahr.fit("train.py", "-p", "epochs=7", "-c", 'environment={PAUSE="8"}')
    job = fahr.at_service(name)
    told = sdk(WAIT, job.number)
    assert told["state"] == "JOB_STATE_SUCCEEDED"
    shown = fahr.job(name)
    assert told["name"] == shown["remote_name"]
    assert told["labels"]["fahr-run"] == shown["run_id"]
    assert shown["link"].rpartition("?")[0] == told["link"].rpartition("?")[0]
    assert sdk(LIST, shown["run_id"]) == [job.number]


def test_both_see_the_same_failure(fahr, sdk):
    fahr.write("train.py", "raise KeyError('label')\n")
    name, job = fahr.sent("train.py")
    assert "exited with a non-zero status of 1" in sdk(FAIL, job.number)
    assert "KeyError: 'label'" in fahr.ended(name)["reason"]  # which the SDK does not tell


def test_both_download_the_same(fahr, sdk):
    fahr.write("train.py", TRAIN)
    name, _ = fahr.sent("train.py")
    remote = fahr.job(name)["remote_name"]
    files = fahr.fetched(name)
    mine = {path: hashlib.sha256(file.read_bytes()).hexdigest() for path, file in files.items()}
    assert mine == sdk(DOWNLOAD, "models", f"runs/{remote}/model/")


def test_fahr_reads_and_fetches_a_job_of_the_sdks(fahr, gcp, sdk):
    fahr.write("train.py", TRAIN)
    _, first = fahr.sent("train.py")
    number = sdk(AGAIN, first.number, "gs://models/by-hand", first.account)
    assert gcp.jobs[number].state == "SUCCEEDED"
    assert "complete" in fahr("status", "by hand", DRIVER).stdout
    assert "trains 1 at gcp" in fahr("logs", number, DRIVER).stdout.splitlines()
    fahr("fetch", "./out/", "by hand", DRIVER)
    assert (fahr.folder / "out/model.txt").read_text() == "weights" * 100_000
    listed = fahr("ls", "--remote", DRIVER, "--json").document
    assert listed[0]["name"] == f"by hand/{number}"
