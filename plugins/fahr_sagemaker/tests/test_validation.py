from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fahr_core.errors import SettingsError
from fahr_sagemaker.validation import check_request, check_structure, faults_of
from made_jobs import request_of


@pytest.fixture
def body():
    return dict(request_of().body)


def test_a_planned_request_has_no_fault(body):
    assert faults_of(body) == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"TrainingJobName": "-x"}, "the job's name: '-x' is not of the form"),
        ({"TrainingJobName": "x" * 64}, "the job's name: 64 characters, at most 63"),
        ({"RoleArn": "arn:aws:iam::1:role/trainer"}, "role_arn: "),
        ({"Environment": {"A": "x" * 513}}, "environment: A: 513 characters, at most 512"),
        ({"Environment": {"1A": "x"}}, "environment: '1A' is not of the form"),
        ({"Environment": {f"V{n}": "" for n in range(101)}}, "environment: 101 entries"),
        ({"Tags": [{"Key": "k"}]}, "Tags.Value is missing|tags: Value is missing"),
        ({"RetryStrategy": {"MaximumRetryAttempts": 31}}, "retry_attempts: 31, at most 30"),
        ({"RetryStrategy": {"MaximumRetryAttempts": "3"}}, "'3' is no whole number"),
        ({"Nonsense": 1}, "Nonsense is no part of CreateTrainingJob"),
        ({"InputDataConfig": []}, "inputs and channels: 0 entries, at least 1"),
    ],
)
def test_each_fault_names_the_setting_that_it_comes_from(body, change, told):
    with pytest.raises(SettingsError, match=told):
        check_request({**body, **change})


def test_an_unknown_machine_is_told_with_one_that_is_meant(body):
    body["ResourceConfig"] = {**body["ResourceConfig"], "InstanceType": "ml.g4dn.xlargee"}
    (fault,) = faults_of(body)
    assert fault.startswith("instance_type: 'ml.g4dn.xlargee' is not among those")
    assert fault.endswith("did you mean ml.g4dn.xlarge?")


def test_all_faults_are_in_one_message(body):
    body |= {"TrainingJobName": "-", "Environment": {"A": "x" * 600}}
    with pytest.raises(SettingsError) as wrong:
        check_request(body)
    assert len(str(wrong.value).splitlines()) == 3


def test_what_is_missing_is_told(body):
    del body["RoleArn"]
    assert faults_of(body) == ["role_arn is missing"]


def test_what_botocore_cannot_send_is_refused(body):
    check_structure(body)
    with pytest.raises(SettingsError, match='request: Unknown parameter in input: "Nonsense"'):
        check_structure({**body, "Nonsense": 1})


def test_any_value_of_a_variable_that_is_let_through_is_short_enough(body):
    @settings(deadline=None)
    @given(st.text(max_size=700))
    def check(value):
        faults = faults_of({**body, "Environment": {"A": value}})
        assert (faults == []) == (len(value) <= 512)

    check()
