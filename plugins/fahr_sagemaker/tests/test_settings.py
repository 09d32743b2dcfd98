from __future__ import annotations

import pytest

from fahr_core.errors import SettingsError
from fahr_core.settings.layers import read_layers
from fahr_core.settings.resolve import MissingSettings, Model, resolve
from fahr_sagemaker.settings import SageMakerSettings
from made_jobs import NEEDED, settings_of

MODEL = Model("sagemaker", "fahr_sagemaker.settings:SageMakerSettings")


def resolved(folder, *pairs):
    """Give what ``-c`` pairs mean."""
    return resolve(read_layers(folder, pairs), [MODEL], remember=False).of("sagemaker")


def test_what_is_required_is_asked_for_in_one_message(tmp_path):
    with pytest.raises(MissingSettings) as missing:
        resolved(tmp_path)
    assert missing.value.message == "sagemaker needs output_path (s3://bucket/prefix) and role_name"
    assert missing.value.hints == ("fahr init --train-driver=sagemaker",)


def test_a_role_is_a_name_or_an_arn(tmp_path):
    arn = "arn:aws:iam::123456789012:role/team/trainer"
    assert resolved(tmp_path, "output_path=s3://b/p", f"role_arn={arn}")["role_arn"] == arn
    assert resolved(tmp_path, "output_path=s3://b", "role_name=trainer")["role_name"] == "trainer"


def test_an_arn_in_the_place_of_the_roles_name_is_one(tmp_path):
    arn = "arn:aws:iam::123456789012:role/trainer"
    found = resolved(tmp_path, "output_path=s3://b/x", f"role_name={arn}")
    assert (found["role_name"], found["role_arn"]) == (None, arn)


def test_a_missing_role_is_told_with_everything_else_that_is_wrong(tmp_path):
    with pytest.raises(SettingsError) as wrong:
        resolved(tmp_path, "output_path=models", "volume_size=much")
    text = str(wrong.value)
    assert "output_path" in text
    assert "volume_size" in text
    assert "needs role_name" in text


def test_the_old_names_mean_the_new_ones(tmp_path):
    found = resolved(
        tmp_path,
        "output_path=s3://b",
        "role_name=r",
        "train_instance_type=ml.p3.2xlarge",
        "train_instance_count=2",
    )
    assert (found["instance_type"], found["instance_count"]) == ("ml.p3.2xlarge", 2)
    assert found["train_instance_type"] is None


def test_an_old_name_beside_the_new_one_is_refused(tmp_path):
    pairs = ["output_path=s3://b", "role_name=r", "instance_type=a", "train_instance_type=b"]
    with pytest.raises(SettingsError, match="old name of instance_type: give one"):
        resolved(tmp_path, *pairs)


@pytest.mark.parametrize(("text", "seconds"), [("2h", 7200), ("90", 90), ("1h30m", 5400)])
def test_a_duration_is_read_as_people_write_it(tmp_path, text, seconds):
    found = resolved(tmp_path, "output_path=s3://b", "role_name=r", f"max_runtime={text}")
    assert found["max_runtime"] == seconds


@pytest.mark.parametrize("text", ['["sn-1", "sn-2"]', "sn-1,sn-2", "['sn-1','sn-2']"])
def test_a_list_is_written_in_any_way(tmp_path, text):
    pairs = ["output_path=s3://b", "role_name=r", "security_group_ids=sg-1"]
    assert resolved(tmp_path, *pairs, f"subnets={text}")["subnets"] == ["sn-1", "sn-2"]


def test_metrics_may_be_written_as_sagemaker_writes_them(tmp_path):
    text = '[{"Name": "loss", "Regex": "loss (.*)"}]'
    pairs = ["output_path=s3://b", "role_name=r", f"metric_definitions={text}"]
    assert resolved(tmp_path, *pairs)["metric_definitions"] == {"loss": "loss (.*)"}


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"max_wait": 100}, "spot=true"),
        ({"spot": True, "keep_alive": 60}, "kept warm"),
        ({"subnets": ["sn-1"]}, "both subnets and security_group_ids"),
        ({"output_path": "s3://"}, "output_path"),
        ({"output_path": "models/x"}, "output_path"),
        ({"role_arn": "trainer"}, "role_arn"),
        ({"max_runtime": "soon"}, "not a duration"),
        ({"retry_attempts": 31}, "retry_attempts"),
        ({"repository": "Fahr"}, "repository"),
        ({"region": "Ireland"}, "region"),
        ({"no_such": 1}, "no_such"),
        ({"request": {"TrainingJobName": "x"}}, "a job's name is --name NAME"),
    ],
)
def test_what_contradicts_is_refused(changes, told):
    with pytest.raises(ValueError, match=told):
        SageMakerSettings.model_validate({**NEEDED, **changes})


def test_values_are_the_same_after_a_turn_through_the_ledger():
    values = settings_of(spot=True, train_instance_type="ml.g5.xlarge", request={"a": {"b": [1]}})
    assert SageMakerSettings.model_validate(values).model_dump(mode="json") == values
