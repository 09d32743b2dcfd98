"""The roles of the documentation are enough, and ask for nothing that is not needed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fahr_core.errors import AccessError
from fahr_core.models import FetchOptions, Input
from fahr_core.session import open_session
from fahr_core.testing.fixtures import no_progress
from fahr_gcp.client import Client
from fahr_gcp.driver import driver
from fahr_gcp.roles import ROLES, granting
from fahr_gcp.settings import GcpSettings
from made_jobs import pushed, request_of

DOCS = Path(__file__).parents[3] / "docs" / "drivers"
#: What no call of the test cloud asks for: the registry's own, and what Google asks for the
#: account that a job runs as and for calls that count for a project's quota.
BESIDES = {
    "artifactregistry.repositories.downloadArtifacts",
    "artifactregistry.repositories.uploadArtifacts",
    "iam.serviceAccounts.actAs",
    "serviceusage.services.use",
}


def included(name):
    """Give the permissions of a role of the documentation."""
    return set(re.findall(r"^- ([\w.]+)$", (DOCS / name).read_text(), re.MULTILINE))


def test_the_role_has_what_the_calls_of_a_job_need_and_no_more(gcp, tmp_path):
    gcp.bucket("models")
    account = gcp.service_account("trainer")
    (tmp_path / "one.txt").write_text("1")
    inputs = (Input(name="data", location=str(tmp_path)),)
    settings = {"service_account": account}
    with gcp.no_machines():
        request = request_of(
            settings,
            image=pushed(gcp),
            inputs=inputs,
            secrets=("TOKEN",),
            gpu=True,
            build_driver="local-gpu",
        )
        driver.preflight(request.job)
        driver.registry_login(driver.image_target(request.job))
        for _ in range(2):  # the second time its secret is there already
            driver.stage_request(request, {"TOKEN": "x"}, no_progress)
        (answer,) = driver.submit_jobs([request])
        driver.find_submission(request)
        driver.job_states([answer.ref])
        driver.stop_job(answer.ref)
        gcp.jobs[answer.ref.id].wait_for("final")
    with open_session("gcp").logs(answer.ref, follow=False, after=None) as lines:
        list(lines)
    gcp.buckets["models"].write("x/digits-train-1-abcdef/model/weights", b"1")
    driver.fetch_output(answer.ref, tmp_path / "out", FetchOptions(), no_progress)
    driver.job_states([answer.ref])
    driver.find_job("nothing", request.job.settings)
    list(driver.list_jobs(request.job.settings))
    assert gcp.permissions() | BESIDES == included("gcp-user-role.yaml")


def test_a_permission_that_is_missing_is_told_with_the_command_that_grants_it(gcp):
    listed = included("gcp-user-role.yaml")
    client = Client("fahr-tests", "europe-west4")
    grants = {permission: granting(permission, client) for permission in listed}
    assert [name for name, (first, *_) in grants.items() if not first.startswith("gcloud")] == [
        "storage.buckets.get"
    ]
    gcp.deny("aiplatform.customJobs.list")
    with pytest.raises(AccessError) as caught:
        list(client.pages("aiplatform", f"v1/{client.location}/customJobs"))
    assert caught.value.hints == (
        "gcloud projects add-iam-policy-binding fahr-tests "
        f"--member=serviceAccount:{gcp.accounts.user} --role=roles/aiplatform.user",
    )


def test_the_documentation_names_every_role():
    page = (DOCS / "gcp.md").read_text()
    assert [role for role in ROLES.values() if f"`{role}`" not in page] == []


def test_the_documentation_names_every_setting():
    page = (DOCS / "gcp.md").read_text()
    assert [name for name in GcpSettings.model_fields if f"`{name}`" not in page] == []
