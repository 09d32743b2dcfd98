from __future__ import annotations

import json
import socket

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fahr_core.errors import SettingsError, UsageError
from fahr_core.launcher.job import load
from fahr_core.models import BaseImage, Input
from fahr_core.request_parts import merged
from fahr_sagemaker import names
from fahr_sagemaker.driver import driver
from made_jobs import ACCOUNT, DIGEST, IMAGE, artifacts_of, job_of, request_of

RUN_ID = "abcdefghijklmnop"


def test_the_exact_request_of_a_plain_job():
    request = request_of()
    body = dict(request.body)
    variables = dict(body.pop("Environment"))
    assert json.loads(variables.pop("FAHR_JOB_0"))["artifact"] == "train.py"
    assert variables.pop("FAHR_CONTENT").startswith("sha256:")
    assert variables == {"FAHR_RUN_ID": RUN_ID}
    assert body == {
        "TrainingJobName": "digits-train-1-abcdef",
        "AlgorithmSpecification": {
            "TrainingImage": f"{ACCOUNT.repository}@{DIGEST}",
            "TrainingInputMode": "File",
        },
        "RoleArn": "arn:aws:iam::123456789012:role/trainer",
        "OutputDataConfig": {"S3OutputPath": "s3://models/x"},
        "ResourceConfig": {
            "InstanceType": "ml.m5.large",
            "InstanceCount": 1,
            "VolumeSizeInGB": 30,
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": 86400},
        "CheckpointConfig": {"S3Uri": "s3://models/x/digits-train-1-abcdef/checkpoints/"},
        "Tags": [
            {"Key": "fahr:run-id", "Value": RUN_ID},
            {"Key": "fahr:job", "Value": "digits-train-1"},
        ],
    }
    assert request.uploads == {}


def test_everything_that_can_be_set():
    request = request_of(
        {
            "output_path": "s3://models/x/",
            "instance_type": "ml.c5.xlarge",
            "instance_count": 2,
            "volume_size": 50,
            "spot": True,
            "max_runtime": "1h",
            "max_wait": "3h",
            "max_pending": "30m",
            "checkpoint_path": "s3://other/c",
            "channels": {"train": "s3://data/train"},
            "environment": {"COLOUR": "red"},
            "tags": {"team": "a"},
            "metric_definitions": {"loss": "loss (.*)"},
            "subnets": ["subnet-1"],
            "security_group_ids": ["sg-1"],
            "kms_key": "key-1",
            "volume_kms_key": "key-2",
            "encrypt_between_nodes": True,
            "network_isolation": True,
            "retry_attempts": 3,
        }
    )
    body = request.body
    assert body["OutputDataConfig"] == {"S3OutputPath": "s3://models/x", "KmsKeyId": "key-1"}
    assert body["ResourceConfig"] == {
        "InstanceType": "ml.c5.xlarge",
        "InstanceCount": 2,
        "VolumeSizeInGB": 50,
        "VolumeKmsKeyId": "key-2",
    }
    assert body["StoppingCondition"] == {
        "MaxRuntimeInSeconds": 3600,
        "MaxWaitTimeInSeconds": 10800,
        "MaxPendingTimeInSeconds": 1800,
    }
    assert body["CheckpointConfig"] == {"S3Uri": "s3://other/c/"}
    (channel,) = body["InputDataConfig"]
    assert channel["ChannelName"] == "train"
    assert channel["DataSource"]["S3DataSource"]["S3Uri"] == "s3://data/train"
    assert body["Environment"]["COLOUR"] == "red"
    assert {"Key": "team", "Value": "a"} in body["Tags"]
    metrics = body["AlgorithmSpecification"]["MetricDefinitions"]
    assert metrics == [{"Name": "loss", "Regex": "loss (.*)"}]
    assert body["VpcConfig"] == {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1"]}
    assert body["EnableInterContainerTrafficEncryption"] is True
    assert body["EnableNetworkIsolation"] is True
    assert body["EnableManagedSpotTraining"] is True
    assert body["RetryStrategy"] == {"MaximumRetryAttempts": 3}


def test_a_machine_is_kept_warm_when_asked():
    body = request_of({"keep_alive": "10m"}).body
    assert body["ResourceConfig"]["KeepAlivePeriodInSeconds"] == 600


@pytest.mark.parametrize("timeout", [None, 7200.0])
def test_a_spot_job_that_may_wait_for_less_than_it_may_run_is_refused(timeout):
    settings = {"spot": True, "max_wait": "1h"}
    with pytest.raises(
        UsageError, match=r"max_wait \(60 min\) .* less than the time limit"
    ) as told:
        request_of(settings, timeout=timeout)
    assert told.value.hints[0] == "fahr fit --timeout=3600"
    limits = request_of(settings, timeout=1800.0).body["StoppingCondition"]
    assert limits == {"MaxRuntimeInSeconds": 1800, "MaxWaitTimeInSeconds": 3600}


def test_the_command_lines_time_limit_goes_before_the_settings():
    body = request_of({"max_runtime": "1h", "spot": True}, timeout=90.5).body
    assert body["StoppingCondition"] == {"MaxRuntimeInSeconds": 91, "MaxWaitTimeInSeconds": 182}


@pytest.mark.parametrize(("nodes", "count", "found"), [(1, 2, 2), (2, 1, 2), (2, 2, 2), (1, 1, 1)])
def test_how_many_machines(nodes, count, found):
    body = request_of({"instance_count": count}, nodes=nodes).body
    assert body["ResourceConfig"]["InstanceCount"] == found


def test_two_numbers_of_machines_are_refused():
    with pytest.raises(UsageError, match="--nodes=2, but instance_count is 3"):
        request_of({"instance_count": 3}, nodes=2)


def test_planning_opens_no_connection(monkeypatch):
    def connect(*arguments):
        raise AssertionError(arguments)

    monkeypatch.setattr(socket.socket, "connect", connect)
    assert request_of() == request_of()


def test_the_request_tells_the_region_to_whoever_sends_it(monkeypatch):
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    assert request_of({"region": None}).job.settings["region"] == "eu-west-1"


def content(**changes):
    return request_of(**changes).body["Environment"]["FAHR_CONTENT"]


def test_the_content_is_the_same_whoever_sends_it_and_when(monkeypatch):
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    same = {"name": "n", "remote_name": "n", "run_id": "r", "drawn_at": 7.0, "experiment": "/x"}
    assert content(**same) == content() == content(settings={"region": None})
    for change in ({"params": {"a": 1}}, {"timeout": 60}, {"settings": {"volume_size": 31}}):
        assert content(**change) != content()


# -- what `request` says ------------------------------------------------------------------


def test_raw_json_goes_before_all_else_and_joins_tables():
    raw = {
        "ResourceConfig": {"VolumeSizeInGB": 99},
        "RemoteDebugConfig": {"EnableRemoteDebug": True},
        "Tags": [{"Key": "only", "Value": "this"}],
    }
    body = request_of({"request": raw}).body
    assert body["ResourceConfig"]["VolumeSizeInGB"] == 99
    assert body["ResourceConfig"]["InstanceType"] == "ml.m5.large"
    assert body["RemoteDebugConfig"] == {"EnableRemoteDebug": True}
    assert body["Tags"] == [{"Key": "only", "Value": "this"}]


def test_a_machine_newer_than_boto3_can_be_asked_for_by_raw_json():
    raw = {"ResourceConfig": {"InstanceType": "ml.m99.large"}}
    assert request_of({"request": raw}).body["ResourceConfig"]["InstanceType"] == "ml.m99.large"
    with pytest.raises(SettingsError, match=r"instance_type: 'ml\.m99\.large' is not among"):
        request_of({"instance_type": "ml.m99.large"})


def test_raw_json_that_no_boto3_can_send_is_refused():
    with pytest.raises(SettingsError, match='request: Unknown parameter in input: "Nonsense"'):
        request_of({"request": {"Nonsense": 1}})


def test_null_takes_a_part_away():
    group = {"InstanceGroupName": "g", "InstanceType": "ml.c5.xlarge", "InstanceCount": 1}
    resources = {"InstanceType": None, "InstanceCount": None, "InstanceGroups": [group]}
    body = request_of({"request": {"ResourceConfig": resources, "CheckpointConfig": None}}).body
    assert body["ResourceConfig"] == {"VolumeSizeInGB": 30, "InstanceGroups": [group]}
    assert "CheckpointConfig" not in body


def test_what_a_job_is_known_by_stays_whatever_is_taken_away():
    body = request_of({"request": {"Environment": None}, "environment": {"A": "b"}}).body
    assert body["Environment"]["FAHR_RUN_ID"] == "abcdefghijklmnop"
    assert "FAHR_CONTENT" in body["Environment"]
    assert "FAHR_JOB_0" in body["Environment"]
    assert "A" not in body["Environment"]


def test_joining_changes_neither():
    one, other = {"a": {"b": 1}, "c": 1}, {"a": {"d": 2}, "c": [2]}
    assert merged(one, other) == {"a": {"b": 1, "d": 2}, "c": [2]}
    assert (one, other) == ({"a": {"b": 1}, "c": 1}, {"a": {"d": 2}, "c": [2]})


# -- the job description --------------------------------------------------------------------


def described(body):
    """Read the description as the launcher does."""
    return load(body["Environment"])


def test_the_launcher_reads_the_description_from_the_variables():
    request = request_of(params={"epochs": 3, "note": "é" * 400}, secrets=("TOKEN",))
    found = described(request.body)
    assert found["params"] == {"epochs": 3, "note": "é" * 400}
    assert (found["name"], found["driver"]) == ("digits-train-1", "sagemaker")
    assert (found["grace"], found["image"], found["gpu"]) == (120.0, DIGEST, False)
    assert all(len(value) <= 512 for value in request.body["Environment"].values())
    assert "FAHR_JOB_1" in request.body["Environment"]


def test_any_parameters_arrive_whole_and_within_the_limits():
    @settings(deadline=None, max_examples=30)
    @given(st.dictionaries(st.text(min_size=1, max_size=20), st.text(max_size=300), max_size=8))
    def check(params):
        body = request_of(params=params).body
        assert described(body)["params"] == params
        assert all(len(value) <= 512 for value in body["Environment"].values())

    check()


def test_a_long_description_is_brought_by_a_channel():
    request = request_of(params={"words": "x" * 30_000})
    body = request.body
    assert body["Environment"]["FAHR_JOB_FILE"] == "/opt/ml/input/data/fahr-job/job.json"
    assert not any(name.startswith("FAHR_JOB_0") for name in body["Environment"])
    (channel,) = body["InputDataConfig"]
    place = "s3://models/x/digits-train-1-abcdef/fahr/"
    assert channel["ChannelName"] == names.JOB_CHANNEL
    assert channel["DataSource"]["S3DataSource"]["S3Uri"] == place
    assert list(request.uploads) == [place]


# -- machine and image -----------------------------------------------------------------------


def test_a_gpu_image_without_a_machine_takes_the_smallest_with_a_gpu():
    request = request_of(gpu=True)
    assert request.body["ResourceConfig"]["InstanceType"] == "ml.g4dn.xlarge"
    assert described(request.body)["gpu"] is True


def test_a_mismatch_is_refused_before_anything_is_written():
    job = job_of({"instance_type": "ml.g5.xlarge"})
    with pytest.raises(UsageError, match=r"ml\.g5\.xlarge has a GPU, and --build-driver=local-cpu"):
        driver.render_artifacts(job, BaseImage(reference="slim", reason="a test"))
    job = job_of({"instance_type": "ml.m5.large"}, build_driver="local-gpu")
    with pytest.raises(UsageError, match=r"ml\.m5\.large has none"):
        driver.render_artifacts(job, BaseImage(reference="cuda", reason="a test", gpu=True))


def test_an_image_of_ones_own_runs_on_any_machine():
    found = request_of({"instance_type": "ml.g5.xlarge"}, train_image="mine:1")
    assert found.body["ResourceConfig"]["InstanceType"] == "ml.g5.xlarge"


def test_the_image_is_named_by_its_digest(monkeypatch):
    from dataclasses import replace

    import made_jobs

    monkeypatch.setattr(made_jobs, "IMAGE", replace(IMAGE, reference=f"{ACCOUNT.repository}:code"))
    body = request_of().body
    image = body["AlgorithmSpecification"]["TrainingImage"]
    assert image == f"{ACCOUNT.repository}@{DIGEST}"


def test_without_an_image_there_is_no_request():
    request_of()  # the account is known now
    with pytest.raises(UsageError, match="no build driver made one"):
        driver.plan_submission(job_of(), artifacts_of(), None)


# -- inputs and secrets ----------------------------------------------------------------------


def test_inputs_are_channels_of_their_names(tmp_path):
    (tmp_path / "one.txt").write_text("1")
    inputs = (
        Input(name="data", location="s3://bucket/prefix"),
        Input(name="own", location=str(tmp_path)),
    )
    request = request_of(inputs=inputs)
    places = {
        channel["ChannelName"]: channel["DataSource"]["S3DataSource"]["S3Uri"]
        for channel in request.body["InputDataConfig"]
    }
    assert places["data"] == "s3://bucket/prefix"
    assert places["own"].startswith("s3://models/x/fahr-inputs/")
    assert list(request.uploads) == [places["own"]]


def test_an_input_of_another_cloud_is_refused():
    with pytest.raises(UsageError, match="SageMaker cannot read gs://bucket/x"):
        request_of(inputs=(Input(name="data", location="gs://bucket/x"),))


@pytest.mark.parametrize(
    ("vault", "place"),
    [
        ("secretsmanager", "secretsmanager:AmazonSageMaker-fahr-digits-train-1-abcdef"),
        ("ssm", "ssm:/fahr/digits-train-1-abcdef"),
    ],
)
def test_a_request_names_the_place_of_secrets(vault, place):
    body = request_of({"vault": vault}, secrets=("TOKEN",)).body
    assert body["Environment"]["FAHR_SECRETS"] == place
    assert described(body)["secrets"] == ["TOKEN"]


def test_secrets_need_a_network():
    with pytest.raises(UsageError, match="network_isolation cannot read secrets"):
        request_of({"network_isolation": True}, secrets=("TOKEN",))
