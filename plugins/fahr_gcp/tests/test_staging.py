from __future__ import annotations

import json
from dataclasses import replace

import pytest
from tests.clouds.faults import Fault

from fahr_core.errors import AccessError, FahrError, UsageError
from fahr_core.models import Input
from fahr_core.testing.fixtures import no_progress
from fahr_gcp import buckets
from fahr_gcp.client import Client
from fahr_gcp.secrets import forget, secret_path
from fahr_gcp.staging import stage, unstage
from fahr_gcp.submission import reference
from made_jobs import request_of

VALUE = "7d0c-not-to-be-found"
ACCOUNT = {"service_account": "trainer@fahr-tests.iam.gserviceaccount.com"}


@pytest.fixture
def sound(gcp):
    """Give a project with a bucket and a service account."""
    gcp.bucket("models")
    gcp.service_account("trainer")
    return gcp


@pytest.fixture
def data(tmp_path):
    """Give a folder with data in it."""
    folder = tmp_path / "data"
    (folder / "a" / "b").mkdir(parents=True)
    (folder / "one.txt").write_text("1")
    (folder / "a" / "b" / "é x.txt").write_text("two")
    return folder


def with_input(path, **changes):
    return request_of(ACCOUNT, inputs=(Input(name="data", location=str(path)),), **changes)


def test_an_input_goes_once_by_its_content(sound, data):
    request = with_input(data)
    staged = stage(request, {}, no_progress)
    assert (staged.uploaded, staged.reused) == (1, 0)
    ((place, _),) = request.uploads.items()
    folder = place.removeprefix("gs://models/")
    bucket = sound.buckets["models"]
    assert bucket[f"{folder}one.txt"].content == b"1"
    assert bucket[f"{folder}a/b/é x.txt"].content == b"two"
    again = stage(with_input(data, run_id="another"), {}, no_progress)
    assert (again.uploaded, again.reused) == (0, 1)


@pytest.mark.parametrize("fault", [None, *Fault])
def test_a_large_file_goes_in_pieces(sound, tmp_path, monkeypatch, fault):
    monkeypatch.setattr("fahr_gcp.client._LONGEST_PAUSE", 0.02)
    monkeypatch.setattr("fahr_gcp.connection._READ", 2)
    monkeypatch.setattr(buckets, "_PIECE", 256 * 1024)
    content = bytes(range(256)) * 4096 + b"end"
    (tmp_path / "large").write_bytes(content)
    if fault:
        late = 3 if fault is not Fault.SLOW else 0.1
        sound.faults.add("storage:objects.insert", fault, skip=2, seconds=late)
    request = with_input(tmp_path / "large")
    told = []
    stage(request, {}, lambda stage, text="", done=None, total=None: told.append(done))
    ((place, _),) = request.uploads.items()
    there = sound.buckets["models"][place.removeprefix("gs://models/") + "large"]
    assert there.content == content
    assert max(told) == len(content)


def test_an_upload_that_broke_off_goes_on_without_replacing(sound, data):
    request = with_input(data)
    ((place, _),) = request.uploads.items()
    bucket, folder = sound.buckets["models"], place.removeprefix("gs://models/")
    bucket.write(f"{folder}one.txt", b"1")
    before = bucket[f"{folder}one.txt"].generation
    assert stage(request, {}, no_progress).uploaded == 1
    assert bucket[f"{folder}one.txt"].generation == before
    assert bucket[f"{folder}a/b/é x.txt"].content == b"two"


def test_what_may_not_be_written_is_told(sound, data):
    sound.deny("storage.objects.create")
    with pytest.raises(AccessError, match=r"storage.objects.create"):
        stage(with_input(data), {}, no_progress)


def test_a_person_is_told_where_the_output_will_be(sound):
    (output,) = stage(request_of(ACCOUNT), {}, no_progress).notes
    assert "models/x/digits-train-1-abcdef?project=fahr-tests" in output


# -- secrets ------------------------------------------------------------------------------------


def test_secrets_are_stored_where_the_job_alone_reads_them(sound):
    request = request_of(ACCOUNT, secrets=("TOKEN",))
    for _ in range(2):  # a call may be repeated
        assert stage(request, {"TOKEN": VALUE}, no_progress).secrets == ("TOKEN",)
    client = Client.of_settings(request.job.settings)
    name = "projects/fahr-tests/secrets/fahr-digits-train-1-abcdef"
    made = client.call("secretmanager", "GET", f"v1/{name}")
    assert made["labels"] == {"fahr-run": "abcdefghijklmnop"}
    created = sound.called("secretmanager:secrets.create")[0]
    assert created.document["ttl"] == f"{(1 + 1 + 7) * 86400}s"
    policy = client.call("secretmanager", "GET", f"v1/{name}:getIamPolicy")
    assert policy["bindings"] == [
        {
            "role": "roles/secretmanager.secretAccessor",
            "members": [f"serviceAccount:{ACCOUNT['service_account']}"],
        }
    ]
    assert VALUE not in json.dumps(request.body)


def test_secrets_go_when_the_job_has_ended(sound):
    request = request_of(ACCOUNT, secrets=("TOKEN",))
    stage(request, {"TOKEN": VALUE}, no_progress)
    client = Client.of_settings(request.job.settings)
    told = {**request.body, "name": f"{client.location}/customJobs/1"}
    ref = reference(told, client)
    for _ in range(2):  # what is gone already is no error
        forget(client, ref)
    assert len(sound.called("secretmanager:secrets.delete")) == 2
    forget(client, replace(ref, data={"project": "fahr-tests"}))
    assert len(sound.called("secretmanager:secrets.delete")) == 2


def test_a_job_that_is_given_up_leaves_no_secrets(sound):
    request = request_of(ACCOUNT, secrets=("TOKEN",))
    stage(request, {"TOKEN": VALUE}, no_progress)
    client = Client.of_settings(request.job.settings)
    for _ in range(2):
        unstage(request)
        with pytest.raises(FahrError, match="not found"):
            client.call("secretmanager", "GET", f"v1/{secret_path(client, request.job)}")


def test_secrets_that_are_too_long_are_refused(sound):
    request = request_of(ACCOUNT, secrets=("TOKEN",))
    with pytest.raises(UsageError, match="at most 65536"):
        stage(request, {"TOKEN": "x" * 70_000}, no_progress)
    assert not sound.called("secretmanager:secrets.create")
