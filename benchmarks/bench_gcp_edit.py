"""From a changed line to the submitted job, against Google's SDK and against the bare calls."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from pathlib import Path

from cloud_account import account, environment
from edit_to_job import Other, measured
from image_making import own_home, skip_without_engine

PROGRAM = Path(__file__).with_name("gcp_account.py")
SETTINGS = """train_driver = "gcp"
build_driver = "local-cpu"

[gcp]
project = "{project}"
region = "europe-west4"
output_path = "gs://models/runs"
service_account = "{account}"
image_repository = "{repository}"
"""
BY_REST = """
import os, sys
import google.auth, requests
from google.auth.transport.requests import Request
name, image, account = sys.argv[1:]
credentials, project = google.auth.default(["https://www.googleapis.com/auth/cloud-platform"])
credentials.refresh(Request())
machine = {"machineSpec": {"machineType": "n1-standard-4"}, "replicaCount": "1"}
spec = {"workerPoolSpecs": [{**machine, "containerSpec": {"imageUri": image}}]}
address = os.environ["CLOUDSDK_API_ENDPOINT_OVERRIDES_AIPLATFORM"].rstrip("/")
requests.post(
    f"{address}/v1/projects/{project}/locations/europe-west4/customJobs",
    json={"displayName": name, "jobSpec": {**spec, "serviceAccount": account}},
    headers={"Authorization": f"Bearer {credentials.token}"},
    timeout=60,
).raise_for_status()
"""
BY_SDK = """
import os, sys
from google.cloud import aiplatform
name, image, account = sys.argv[1:]
aiplatform.init(
    project=os.environ["GOOGLE_CLOUD_PROJECT"],
    location="europe-west4",
    api_endpoint=os.environ["CLOUDSDK_API_ENDPOINT_OVERRIDES_AIPLATFORM"].rstrip("/"),
    api_transport="rest",
)
pool = {"machine_spec": {"machine_type": "n1-standard-4"}, "replica_count": 1}
pools = [{**pool, "container_spec": {"image_uri": image}}]
job = aiplatform.CustomJob(name, pools, staging_bucket="gs://models")
job.submit(service_account=account)
"""


def main() -> int:
    """Time the three ways in turn, each after an edit of its own."""
    skip_without_engine()
    if importlib.util.find_spec("fahr_gcp") is None or shutil.which("uv") is None:
        print("skipped: fahr-gcp or uv is not installed")
        return 0
    with own_home() as folder, account("fahr_gcp", PROGRAM, folder) as found:
        sdk = str(environment(folder / "sdk", "fahr_gcp", "oracle"))
        settings = SETTINGS.format(
            project=found.variables["GOOGLE_CLOUD_PROJECT"],
            account=found.role,
            repository=found.repository,
        )
        others = (
            Other(
                name="Google's SDK",
                call="CustomJob",
                command=(sdk, "-W", "ignore", "-c", BY_SDK),
                bound=1.0,
            ),
            Other(
                name="bare calls",
                call="customJobs.create",
                command=(sys.executable, "-c", BY_REST),
                bound=1.3,
            ),
        )
        return measured(found, folder / "digits", settings, others)


if __name__ == "__main__":
    sys.exit(main())
