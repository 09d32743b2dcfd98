from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fahr_core.errors import SettingsError, UsageError
from fahr_core.launcher.job import load
from fahr_core.models import Image, Input
from fahr_gcp import names
from fahr_gcp.request import _literal, plan
from made_jobs import DIGEST, IMAGE, artifacts_of, job_of, request_of

if TYPE_CHECKING:
    from pathlib import Path


def pool_of(request):
    return request.body["jobSpec"]["workerPoolSpecs"][0]


def variables_of(request):
    return {each["name"]: each["value"] for each in pool_of(request)["containerSpec"]["env"]}


def expanded(text, variables):
    """Do what Kubernetes does to a container's variables."""

    def value(match):
        if match[0] == "$$":
            return "$"
        return variables.get(match[1], match[0])

    return re.sub(r"\$\$|\$\(([^)]*)\)", value, text)


def test_a_plain_job():
    request = request_of()
    body = dict(request.body)
    variables = variables_of(request)
    del pool_of(request)["containerSpec"]["env"]
    content = body["labels"].pop(names.CONTENT_LABEL)
    assert re.fullmatch("[0-9a-f]{40}", content)
    assert body == {
        "displayName": "digits-train-1-abcdef",
        "labels": {"fahr-run": "abcdefghijklmnop", "fahr-job": "digits-train-1"},
        "jobSpec": {
            "workerPoolSpecs": [
                {
                    "machineSpec": {"machineType": "n1-standard-4"},
                    "replicaCount": "1",
                    "diskSpec": {"bootDiskType": "pd-ssd", "bootDiskSizeGb": 100},
                    "containerSpec": {"imageUri": IMAGE.reference},
                }
            ],
            "scheduling": {"timeout": "87300s"},
            "baseOutputDirectory": {"outputUriPrefix": "gs://models/x/digits-train-1-abcdef"},
        },
    }
    assert variables["FAHR_PLACE"] == "gs://models/x/digits-train-1-abcdef"
    assert set(variables) == {"FAHR_PLACE", "FAHR_JOB_0"}


def test_the_same_job_gives_the_same_request():
    assert request_of().body == request_of().body


def test_the_region_is_pinned(monkeypatch):
    monkeypatch.setenv("CLOUDSDK_AI_REGION", "europe-west1")
    request = request_of({"region": None})
    assert request.job.settings["region"] == "europe-west1"


def test_settings_become_parts_of_the_request():
    key = "projects/p/locations/europe-west4/keyRings/k/cryptoKeys/n"
    request = request_of(
        {
            "strategy": "spot",
            "service_account": "t@fahr-tests.iam.gserviceaccount.com",
            "network": "projects/123/global/networks/default",
            "web_access": True,
            "labels": {"team": "a"},
            "environment": {"COLOUR": "blue"},
            "boot_disk_type": "pd-standard",
            "boot_disk_size": 200,
            "encryption": key,
            "disable_retries": True,
        },
        tags={"who": "b"},
    )
    spec = request.body["jobSpec"]
    assert spec["scheduling"] == {"timeout": "87300s", "strategy": "SPOT", "disableRetries": True}
    assert spec["serviceAccount"] == "t@fahr-tests.iam.gserviceaccount.com"
    assert spec["network"] == "projects/123/global/networks/default"
    assert spec["enableWebAccess"] is True
    assert pool_of(request)["diskSpec"] == {"bootDiskType": "pd-standard", "bootDiskSizeGb": 200}
    assert request.body["encryptionSpec"] == {"kmsKeyName": key}
    assert request.body["labels"]["team"] == "a"
    assert request.body["labels"]["who"] == "b"
    assert variables_of(request)["COLOUR"] == "blue"


def test_a_persistent_resource_has_disks_of_its_own():
    request = request_of({"persistent_resource": "res"})
    assert request.body["jobSpec"]["persistentResourceId"] == "res"
    assert "diskSpec" not in pool_of(request)


def test_flex_start_waits_and_is_limited():
    week = request_of({"strategy": "flex-start", "max_wait": "6h", "timeout": "7d"})
    assert week.body["jobSpec"]["scheduling"] == {
        "timeout": "604800s",
        "strategy": "FLEX_START",
        "maxWaitDuration": "21600s",
    }


@pytest.mark.parametrize(("settings", "nodes"), [({"replica_count": 3}, 1), ({}, 3)])
def test_several_machines_are_two_pools(settings, nodes):
    request = request_of(settings, nodes=nodes)
    first, second = request.body["jobSpec"]["workerPoolSpecs"]
    assert (first["replicaCount"], second["replicaCount"]) == ("1", "2")
    assert first["containerSpec"] == second["containerSpec"]
    assert request.body["jobSpec"]["scheduling"]["restartJobOnWorkerRestart"] is True


def test_a_gpu_is_asked_for_and_told():
    request = request_of(gpu=True, build_driver="local-gpu")
    assert pool_of(request)["machineSpec"] == {
        "machineType": "n1-standard-4",
        "acceleratorType": "NVIDIA_TESLA_T4",
        "acceleratorCount": 1,
    }
    assert load(variables_of(request))["gpu"] is True


def test_a_machine_with_a_gpu_takes_an_image_for_one():
    with pytest.raises(UsageError, match="makes no image for one"):
        request_of({"machine_type": "g2-standard-4"})
    assert request_of({"machine_type": "g2-standard-4"}, train_image="own:1")


def test_what_is_asked_for_goes_before_all_else():
    raw = {"jobSpec": {"scheduling": {"strategy": "ON_DEMAND"}, "tensorboard": "t"}}
    spec = request_of({"request": raw}).body["jobSpec"]
    assert spec["scheduling"] == {"timeout": "87300s", "strategy": "ON_DEMAND"}
    assert spec["tensorboard"] == "t"


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        ({"jobSpecs": {}}, "jobSpecs is no part of customJobs.create"),
        ({"jobSpec": {"schedulling": {}}}, "jobSpec.schedulling is no part"),
        ({"jobSpec": {"scheduling": {"timeOut": "1s"}}}, "jobSpec.scheduling.timeOut is no part"),
        ({"jobSpec": {"workerPoolSpecs": []}}, "workerPoolSpecs is empty"),
        ({"labels": {"A": "b"}}, "label A=b"),
    ],
)
def test_what_the_api_does_not_know_is_told(raw, told):
    with pytest.raises(SettingsError) as caught:
        request_of({"request": raw})
    assert told in str(caught.value)


def test_all_that_is_wrong_is_told_at_once():
    with pytest.raises(SettingsError) as caught:
        request_of({"request": {"x": 1, "jobSpec": {"y": 1}}}, tags={"Who": "x"})
    assert "x is no part" in str(caught.value)
    assert "jobSpec.y is no part" in str(caught.value)
    assert "label Who=x" in str(caught.value)


def test_an_image_that_is_not_built_yet_keeps_its_tag():
    request = plan(job_of(), artifacts_of(), Image(reference="host/fahr/jobs:tag"))
    assert pool_of(request)["containerSpec"]["imageUri"] == "host/fahr/jobs:tag"
    assert "image" not in load(variables_of(request))


# -- what the job is told ---------------------------------------------------------------


def test_the_launcher_reads_the_description_from_the_variables():
    own = {"service_account": "t@fahr-tests.iam.gserviceaccount.com"}
    params = {"note": "a $(HOME) b", "n": 3}
    request = request_of(own, params=params, secrets=("TOKEN",), timeout=60.0)
    variables = variables_of(request)
    told = load({name: expanded(text, {"HOME": "!"}) for name, text in variables.items()})
    assert told["params"] == {"note": "a $(HOME) b", "n": 3}
    assert (told["timeout"], told["image"], told["gpu"]) == (60.0, DIGEST, False)
    assert request.body["jobSpec"]["scheduling"]["timeout"] == "960s"
    version = "projects/fahr-tests/secrets/fahr-digits-train-1-abcdef/versions/latest"
    assert variables["FAHR_SECRETS"] == version


def test_secrets_need_somebody_to_read_them():
    with pytest.raises(UsageError, match="needs a service account of its own"):
        request_of(secrets=("TOKEN",))


def test_a_long_description_takes_several_variables_and_a_longer_one_is_refused():
    text = "x" * 100_000
    variables = variables_of(request_of(params={"note": text}))
    assert load(variables)["params"] == {"note": text}
    assert max(map(len, variables.values())) <= 131_072 - len("FAHR_JOB_0=")
    with pytest.raises(UsageError, match="--input NAME"):
        request_of(params={"note": "x" * 2_000_000})


@given(st.text(alphabet="$()aA", max_size=12))
def test_a_value_arrives_as_it_is(text):
    assert expanded(_literal(text), {"a": "!", "A": "!", "": "!"}) == text


def test_inputs_are_told_by_their_places(tmp_path: Path):
    (tmp_path / "one.txt").write_text("1")
    job = job_of(
        inputs=(
            Input(name="here", location=str(tmp_path)),
            Input(name="there", location="gs://other/$data"),
        )
    )
    request = plan(job, artifacts_of(), IMAGE)
    ((place, digest),) = request.uploads.items()
    told = variables_of(request)["FAHR_INPUTS"]
    assert "$" not in told
    assert json.loads(told) == {"here": place, "there": "gs://other/$data"}
    assert place.startswith("gs://models/x/fahr-inputs/")
    assert digest.startswith("sha256:")


@pytest.mark.parametrize("location", ["s3://bucket/x", "https://host/x", "gs:///"])
def test_an_input_elsewhere_is_refused(location):
    job = replace(job_of(), inputs=(Input(name="data", location=location),))
    with pytest.raises(UsageError, match="cannot read"):
        plan(job, artifacts_of(), IMAGE)


def test_a_name_that_somebody_chose_has_the_same_content_anywhere():
    one = request_of(remote_name="chosen", run_id="a")
    other = request_of({"region": "us-east1"}, remote_name="chosen", run_id="b")
    assert one.body["labels"][names.CONTENT_LABEL] == other.body["labels"][names.CONTENT_LABEL]
    changed = request_of({"boot_disk_size": 200})
    assert one.body["labels"][names.CONTENT_LABEL] != changed.body["labels"][names.CONTENT_LABEL]
