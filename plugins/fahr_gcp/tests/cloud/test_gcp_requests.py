"""Requests as the services take and refuse them; no job runs."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest
from tests.clouds.gcp import REGION

QUOTA = "custom_model_training_cpus"


@pytest.fixture
def create(held, call, parent):
    """Give a function that asks for a job."""
    return lambda *args, **spec: call("POST", f"{parent}/customJobs", json=held(*args, **spec))


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"workerPoolSpecs": []}, "1.Field: job_spec.worker_pool_specs; Message: The first"),
        ({"shape": 1}, "Unknown name \"shape\" at 'custom_job.job_spec': Cannot find field."),
        ({"scheduling": {"timeout": "3m"}}, "Illegal duration format; duration must end with 's'"),
        ({"scheduling": {"strategy": "CHEAP"}}, "Invalid value at 'custom_job.job_spec.scheduling"),
        ({"serviceAccount": "x@y"}, "You do not have permission to act as service_account: x@y."),
        ({"baseOutputDirectory": {"outputUriPrefix": "s3://x"}}, "output_uri_prefix; Message:"),
    ],
)
def test_a_request_that_cannot_be_meant_is_refused(create, spec, words):
    error = create(**spec).json()["error"]
    assert (error["code"], error["status"]) == (400, "INVALID_ARGUMENT")
    assert words in error["message"]


@pytest.mark.parametrize(
    ("machine", "words"),
    [
        ({"machineType": "n1-standard-3000"}, None),
        ({"machineType": "x1-standard-4"}, 'Machine type "x1-standard-4" is not supported.'),
        ({"machineType": "g2-standard-4"}, 'requires 1 accelerators of type "NVIDIA_L4"'),
        (
            {"machineType": "e2-standard-8", "acceleratorType": 5, "acceleratorCount": 1},
            'Accelerator "NVIDIA_TESLA_T4" is not supported for machine type "e2-standard-8".',
        ),
        (
            {"machineType": "n1-standard-8", "acceleratorType": "NVIDIA_TESLA_T4"},
            "Both `accelerator_type` and `accelerator_count` should be specified or none.",
        ),
    ],
)
def test_machines_that_do_not_fit_are_refused(held, call, parent, machine, words):
    request = held()
    request["jobSpec"]["workerPoolSpecs"][0]["machineSpec"] = machine
    answer = call("POST", f"{parent}/customJobs", json=request)
    if words is None:
        assert answer.status_code == 200
    else:
        assert words in answer.json()["error"]["message"]


def test_all_faults_come_in_one_message(held, call, parent):
    request = held()
    pool = request["jobSpec"]["workerPoolSpecs"][0]
    pool["replicaCount"] = 2
    pool["containerSpec"]["env"] = [{"name": "AIP_MODEL_DIR", "value": "x"}]
    request["labels"] = {"Upper": "x"}
    message = call("POST", f"{parent}/customJobs", json=request).json()["error"]["message"]
    assert message.startswith("List of found errors:\t1.Field: labels; Message: ")
    assert "\t2.Field: job_spec.worker_pool_specs[0].replica_count; Message: " in message
    assert "\t3.Field: job_spec.worker_pool_specs[0].container_spec.env[0].name; " in message


def test_a_job_is_kept_under_the_projects_number(create, call, gcp):
    made = create().json()
    assert made["name"].startswith(f"projects/{gcp.number}/locations/{REGION}/customJobs/")
    by_name = made["name"].replace(gcp.number, gcp.project)
    assert call("GET", f"v1/{by_name}").json()["name"] == made["name"]
    pool = made["jobSpec"]["workerPoolSpecs"][0]
    assert pool["diskSpec"] == {"bootDiskType": "pd-ssd", "bootDiskSizeGb": 100}
    assert pool["replicaCount"] == "1"


def test_jobs_are_listed_by_label_a_page_at_a_time(create, call, parent):
    for name in ("a", "b", "b", "b"):
        create(name)
    query = {"filter": 'labels.fahr-run="b"', "pageSize": 2}
    first = call("GET", f"{parent}/customJobs", params=query).json()
    query["pageToken"] = first["nextPageToken"]
    second = call("GET", f"{parent}/customJobs", params=query).json()
    assert [len(page["customJobs"]) for page in (first, second)] == [2, 1]
    assert "nextPageToken" not in second
    none = {"filter": 'labels.fahr-run="b" AND state="JOB_STATE_FAILED"'}
    assert call("GET", f"{parent}/customJobs", params=none).json() == {}
    wrong = call("GET", f"{parent}/customJobs", params={"filter": "label=x"})
    assert wrong.status_code == 400


def test_what_waits_too_long_for_flexible_machines_expires(create, gcp):
    create(scheduling={"strategy": "FLEX_START", "maxWaitDuration": "1s"})
    assert gcp.jobs["exp-1"].wait_for("final").state == "EXPIRED"


def test_no_stock_fails_the_job_after_it_was_accepted(create, gcp):
    gcp.out_of_stock = True
    create()
    job = gcp.jobs["exp-1"].wait_for("final")
    assert (job.state, job.code) == ("FAILED", 8)


def test_a_quota_refuses_at_once(create, gcp):
    gcp.quotas[REGION, QUOTA] = 3
    answer = create()
    assert (answer.status_code, answer.json()["error"]["status"]) == (429, "RESOURCE_EXHAUSTED")
    assert QUOTA in answer.json()["error"]["message"]


def test_a_permission_that_is_missing_is_named(create, gcp):
    gcp.deny("aiplatform.customJobs.create")
    error = create().json()["error"]
    assert error["status"] == "PERMISSION_DENIED"
    assert error["details"][0]["metadata"]["permission"] == "aiplatform.customJobs.create"
    assert gcp.permissions() == {"aiplatform.customJobs.create"}


def test_a_service_that_is_not_enabled_says_where_to_enable_it(create, gcp):
    gcp.disabled.add("aiplatform")
    error = create().json()["error"]
    assert error["details"][0]["reason"] == "SERVICE_DISABLED"
    assert "apis/api/aiplatform.googleapis.com/overview" in error["message"]


def test_a_token_that_is_over_is_refused(create, call, gcp, parent):
    call("GET", f"{parent}/customJobs")
    gcp.accounts.expire()
    error = create().json()["error"]
    assert (error["code"], error["status"]) == (401, "UNAUTHENTICATED")


def test_another_project_is_not_seen(call):
    answer = call("GET", f"v1/projects/elsewhere/locations/{REGION}/customJobs")
    assert answer.json()["error"]["details"][0]["reason"] == "CONSUMER_INVALID"


@pytest.mark.parametrize("impersonating", [False, True])
def test_who_comes_from_another_identity_provider_is_known(
    gcp, login, monkeypatch, parent, impersonating
):
    file = gcp.credentials.federation(impersonating=impersonating)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(file))
    assert login().get(f"{gcp.endpoint}/{parent}/customJobs").status_code == 200
    assert gcp.calls[-1].caller == gcp.accounts.user


#: Prints the status of a call with the default credentials.
ASKED_ALONE = """
import sys, google.auth, requests
from google.auth.transport.requests import Request
credentials, _ = google.auth.default(scopes=["https://www.googleapis.com/auth/cloud-platform"])
credentials.refresh(Request())
token = {"Authorization": f"Bearer {credentials.token}"}
print(requests.get(sys.argv[1], headers=token, timeout=60).status_code)
"""


def test_a_machine_at_google_is_told_who_it_is(gcp, monkeypatch, parent):
    """In a process of its own: google-auth reads where a machine asks when it is imported."""
    for name in ("GOOGLE_APPLICATION_CREDENTIALS", "NO_GCE_CHECK"):
        monkeypatch.delenv(name)
    asked = subprocess.run(
        [sys.executable, "-c", ASKED_ALONE, f"{gcp.endpoint}/{parent}/customJobs"],
        env=os.environ | gcp.credentials.machine(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert asked.stdout == "200\n", asked.stderr
    assert gcp.calls[-1].caller == gcp.accounts.user


def test_a_person_has_to_name_the_project_that_pays(gcp, login, monkeypatch, parent):
    def asked(file):
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(file))
        return login().get(f"{gcp.endpoint}/{parent}/customJobs")

    assert "requires a quota project" in asked(gcp.credentials.person()).text
    assert asked(gcp.credentials.person(gcp.project)).status_code == 200
    gcp.deny("serviceusage.services.use")
    assert "USER_PROJECT_DENIED" in asked(gcp.credentials.person(gcp.project)).text


def test_a_repository_is_there_when_its_operation_is_done(gcp, call, parent):
    place = f"{parent}/repositories/images"
    assert call("GET", place).status_code == 404
    query, body = {"repositoryId": "images"}, {"format": "DOCKER"}
    begun = call("POST", f"{parent}/repositories", params=query, json=body).json()
    assert call("GET", place).status_code == 404
    assert "done" not in call("GET", f"v1/{begun['name']}").json()
    assert call("GET", f"v1/{begun['name']}").json()["done"] is True
    assert call("GET", place).json()["registryUri"].startswith(gcp.registry.host)
    assert call("POST", f"{parent}/repositories", params=query, json=body).status_code == 409


def test_a_secret_is_read_by_who_may(gcp, call):
    secrets = f"v1/projects/{gcp.project}/secrets"
    replication = {"replication": {"automatic": {}}}
    call("POST", secrets, params={"secretId": "a"}, json=replication)
    again = call("POST", secrets, params={"secretId": "a"}, json=replication)
    assert again.json()["error"]["status"] == "ALREADY_EXISTS"
    added = call("POST", f"{secrets}/a:addVersion", json={"payload": {"data": "aGVsbG8="}})
    assert added.json()["name"].endswith("/secrets/a/versions/1")
    read = call("GET", f"{secrets}/a/versions/latest:access").json()
    assert read["payload"]["data"] == "aGVsbG8="
    gcp.deny("secretmanager.versions.access")
    assert call("GET", f"{secrets}/a/versions/latest:access").status_code == 403
    assert call("DELETE", f"{secrets}/a").json() == {}
    assert call("GET", f"{secrets}/a").status_code == 404


@pytest.fixture
def push(gcp, session):
    """Give a function that begins a push as registries are pushed to: by a token's exchange."""
    import requests

    def begun(name, password=""):
        place = f"http://{gcp.registry.host}/v2/{gcp.project}/{name}/blobs/uploads/"
        with requests.Session() as plain:
            asks = plain.post(place, timeout=60).headers["WWW-Authenticate"]
            told = dict(re.findall(r'(\w+)="([^"]*)"', asks))
            token = password or session.headers["Authorization"].removeprefix("Bearer ")
            query = {"service": told["service"], "scope": told["scope"]}
            login = ("oauth2accesstoken", token)
            given = plain.get(told["realm"], params=query, auth=login, timeout=60)
            if given.status_code != 200:
                return given.status_code
            headers = {"Authorization": f"Bearer {given.json()['token']}"}
            return plain.post(place, headers=headers, timeout=60).status_code

    return begun


def test_the_registry_takes_what_an_access_token_may_push(gcp, push):
    gcp.repository("images")
    assert push("images/exp") == 202
    assert "artifactregistry.repositories.uploadArtifacts" in gcp.permissions()
    assert push("images/exp", password="ya29.of-nobody") == 401
    assert push("elsewhere/exp") == 401
    gcp.deny("artifactregistry.repositories.uploadArtifacts")
    assert push("images/exp") == 401
