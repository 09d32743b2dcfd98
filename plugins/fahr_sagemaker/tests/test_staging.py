from __future__ import annotations

import json
from contextlib import closing

import pytest
from tests.clouds.aws import ACCOUNT, REGION, Fault

from fahr_core.errors import AccessError, ServiceError, UsageError
from fahr_core.models import Input, Staged, dumps
from fahr_sagemaker.client import Client
from fahr_sagemaker.secrets import forget
from fahr_sagemaker.staging import stage, unstage
from fahr_sagemaker.submission import reference
from placed_requests import planned

VALUE = "7d0c-not-to-be-found"


class Told:
    """Keeps what progress is told."""

    def __init__(self):
        self.lines = []

    def __call__(self, stage, text="", done=None, total=None):
        self.lines.append((stage, text, done, total))


@pytest.fixture
def sound(aws):
    """Give an account with a bucket and a role."""
    aws.bucket("models")
    aws.role("trainer")
    return aws


@pytest.fixture
def data(tmp_path):
    """Give a folder with data in it."""
    folder = tmp_path / "data"
    (folder / "a" / "b").mkdir(parents=True)
    (folder / "one.txt").write_text("1")
    (folder / "a" / "b" / "é x.txt").write_text("two")
    return folder


def objects(cloud):
    """Give what lies in the bucket, by key."""
    with closing(cloud.client("s3", own=True)) as s3:
        listed = s3.list_objects_v2(Bucket="models").get("Contents", [])
        return {
            item["Key"]: s3.get_object(Bucket="models", Key=item["Key"])["Body"].read()
            for item in listed
        }


def with_input(cloud, path, **changes):
    return planned(cloud, inputs=(Input(name="data", location=str(path)),), **changes)


def test_a_request_without_inputs_uploads_nothing(sound):
    staged = stage(planned(sound), {}, Told())
    assert (staged.uploaded, staged.reused) == (0, 0)
    assert objects(sound) == {}
    (log,) = staged.notes
    assert "/cloudwatch/" in log


def test_a_folder_is_uploaded_once_by_its_content(sound, data):
    told = Told()
    request = with_input(sound, data)
    (place,) = request.uploads
    prefix = place.removeprefix("s3://models/")
    assert stage(request, {}, told).uploaded == 1
    assert told.lines[0][1] == f"{data}: 2 files, 4 B, to {place}"
    assert objects(sound) == {
        f"{prefix}one.txt": b"1",
        f"{prefix}a/b/é x.txt": b"two",
        f"{prefix.rstrip('/')}.whole": b"",
    }
    sound.calls.clear()
    assert stage(request, {}, Told()) == Staged(
        uploaded=0, reused=1, notes=stage(request, {}, Told()).notes
    )
    assert sound.called("s3:PutObject") == []


def test_the_same_content_elsewhere_is_the_same_folder(sound, data, tmp_path):
    import shutil

    other = tmp_path / "copied"
    shutil.copytree(data, other)
    assert with_input(sound, other).uploads == with_input(sound, data).uploads
    (other / "one.txt").write_text("2")
    assert with_input(sound, other).uploads != with_input(sound, data).uploads


def test_a_file_is_an_input_too(sound, data):
    request = with_input(sound, data / "one.txt")
    stage(request, {}, Told())
    assert sorted(objects(sound).values()) == [b"", b"1"]
    assert any(key.endswith("/one.txt") for key in objects(sound))


def test_links_count_as_what_they_lead_to(sound, data, tmp_path):
    (tmp_path / "elsewhere").write_text("linked")
    (data / "link.txt").symlink_to(tmp_path / "elsewhere")
    stage(with_input(sound, data), {}, Told())
    assert b"linked" in objects(sound).values()
    (data / "round").symlink_to(data)
    with pytest.raises(UsageError, match="leads to a folder around itself"):
        with_input(sound, data)


def test_an_empty_folder_is_refused(sound, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="holds no file"):
        with_input(sound, tmp_path / "empty")


def test_an_upload_that_broke_off_is_done_again(sound, data, monkeypatch):
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    request = with_input(sound, data)
    sound.faults.add("s3:PutObject", Fault.ERROR, skip=1, times=9)
    with pytest.raises(ServiceError):
        stage(request, {}, Told())
    sound.faults.clear()
    assert not any(key.endswith(".whole") for key in objects(sound))
    assert stage(request, {}, Told()).uploaded == 1
    assert len(objects(sound)) == 3


def test_data_that_changes_while_the_job_is_made_stops_it(sound, data):
    request = with_input(sound, data)
    (data / "one.txt").write_text("other")
    with pytest.raises(ServiceError, match="was changed while"):
        stage(request, {}, Told())


def test_a_permission_that_is_missing_is_named(sound, data):
    sound.deny("s3:PutObject")
    with pytest.raises(AccessError, match="may not s3:PutObject"):
        stage(with_input(sound, data), {}, Told())


def test_a_long_description_lies_where_the_channel_takes_it_from(sound):
    request = planned(sound, params={"words": "x" * 30_000})
    stage(request, {}, Told())
    text = objects(sound)["x/digits-train-1-abcdef/fahr/job.json"]
    assert json.loads(text)["params"] == {"words": "x" * 30_000}


# -- secrets ------------------------------------------------------------------------------------


def stored(cloud, vault):
    """Give the secrets that the account has, by name."""
    with closing(cloud.client(vault, own=True)) as client:
        if vault == "ssm":
            found = client.get_parameters_by_path(Path="/", Recursive=True, WithDecryption=True)[
                "Parameters"
            ]
            return {item["Name"]: (item["Type"], item["Value"]) for item in found}
        listed = client.list_secrets()["SecretList"]
        return {
            item["Name"]: json.loads(client.get_secret_value(SecretId=item["Name"])["SecretString"])
            for item in listed
        }


@pytest.mark.parametrize(
    ("vault", "found"),
    [
        (
            "secretsmanager",
            {"AmazonSageMaker-fahr-digits-train-1-abcdef": {"TOKEN": VALUE, "OTHER": "o"}},
        ),
        (
            "ssm",
            {
                "/fahr/digits-train-1-abcdef/TOKEN": ("SecureString", VALUE),
                "/fahr/digits-train-1-abcdef/OTHER": ("SecureString", "o"),
            },
        ),
    ],
)
def test_secrets_are_stored_under_the_jobs_name_until_they_are_forgotten(sound, vault, found):
    request = planned(sound, {"vault": vault}, secrets=("TOKEN", "OTHER"))
    for _ in range(2):  # staging may be repeated
        staged = stage(request, {"TOKEN": VALUE, "OTHER": "o"}, Told())
        assert stored(sound, vault) == found
    assert VALUE not in dumps(request) + dumps(staged)
    assert staged.secrets == ("TOKEN", "OTHER")
    ref = reference(request, f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:training-job/x")
    for _ in range(2):  # and so may forgetting
        forget(Client(), ref)
        assert stored(sound, vault) == {}


@pytest.mark.parametrize("vault", ["secretsmanager", "ssm"])
def test_a_job_that_is_given_up_leaves_no_secrets(sound, vault):
    request = planned(sound, {"vault": vault}, secrets=("TOKEN",))
    stage(request, {"TOKEN": VALUE}, Told())
    assert stored(sound, vault)
    for _ in range(2):
        unstage(request)
        assert stored(sound, vault) == {}


def test_no_secret_leaves_the_parameters_of_the_calls_that_store_it(sound):
    request = planned(sound, secrets=("TOKEN",))
    stage(request, {"TOKEN": VALUE}, Told())
    holding = {call.name for call in sound.calls if VALUE in json.dumps(call.parameters)}
    assert holding == {"secretsmanager:CreateSecret"}


@pytest.mark.parametrize("value", ["", "x" * 4097])
def test_a_value_that_ssm_does_not_take_is_refused_before_any_is_stored(sound, value):
    request = planned(sound, {"vault": "ssm"}, secrets=("A", "TOKEN"))
    with pytest.raises(UsageError, match=r"the secret TOKEN has .* SSM takes 1 to 4096"):
        stage(request, {"A": "a", "TOKEN": value}, Told())
    assert stored(sound, "ssm") == {}


def test_a_job_without_secrets_asks_nobody_to_forget_them(sound):
    ref = reference(planned(sound), f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:training-job/x")
    sound.calls.clear()
    forget(Client(), ref)
    assert sound.calls == []


def test_the_permission_to_store_is_named(sound):
    sound.deny("secretsmanager:CreateSecret")
    with pytest.raises(AccessError, match="may not secretsmanager:CreateSecret"):
        stage(planned(sound, secrets=("TOKEN",)), {"TOKEN": VALUE}, Told())
