from __future__ import annotations

import json
import shlex
import threading
import time
from contextlib import closing

import pytest
from tests.clouds.aws import ACCOUNT, REGION, Fault

from fahr_core.models import Input
from fahr_sagemaker import account
from fahr_sagemaker.client import Client
from fahr_sagemaker.preflight import examine
from made_jobs import job_of

#: Seconds; more than a busy machine needs to begin with three questions.
SLOW = 8


@pytest.fixture
def sound(aws):
    """Give an account that has all that a job needs."""
    aws.bucket("models")
    aws.role("trainer")
    return aws


def errors(job=None):
    """Give what is wrong, by its subject."""
    findings = examine(job or job_of())
    return {found.subject: found for found in findings if found.level == "error"}


def test_what_is_well_is_told(sound):
    findings = examine(job_of())
    assert {found.level for found in findings} == {"ok"}
    assert [found.subject for found in findings] == [
        "machine",
        "credentials",
        "role",
        "bucket",
        "ECR",
        "name",
    ]
    assert findings[0].message == "1 x ml.m5.large, 24 h at most: price unknown"
    assert findings[1].message == f"account {ACCOUNT}, {REGION}"


def test_planning_asks_nobody_afterwards(sound):
    job = job_of()
    examine(job)
    sound.calls.clear()
    known = account.account_of(job.settings)
    assert known.role == f"arn:aws:iam::{ACCOUNT}:role/trainer"
    assert known.repository == f"{sound.registry.host}/fahr"
    assert sound.calls == []


def test_the_questions_are_asked_at_once(sound):
    for call in ("iam:GetRole", "s3:HeadBucket", "ecr:DescribeRepositories"):
        sound.faults.add(call, Fault.SLOW, seconds=SLOW)
    started = time.monotonic()
    asking = threading.Thread(target=examine, args=(job_of(),))
    asking.start()
    asking.join()
    assert [fault for _, fault in sound.faults.struck] == [Fault.SLOW] * 3
    moments = [
        call.time
        for call in sound.called("iam:GetRole", "s3:HeadBucket", "ecr:DescribeRepositories")
    ]
    assert max(moments) - min(moments) < SLOW  # the last came before the first was answered
    assert time.monotonic() - started > SLOW


def test_without_credentials_nothing_else_is_asked(sound, monkeypatch):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    (subject,) = errors()
    assert subject == "credentials"
    assert sound.calls == []


def test_expired_credentials(sound):
    sound.expire_credentials()
    assert errors()["credentials"].message == "the AWS credentials have expired"


def test_a_role_that_is_not_there(aws):
    aws.bucket("models")
    assert errors()["role"].message == 'the account has no role "trainer"'


def test_a_role_that_does_not_trust_sagemaker_and_the_command_that_mends_it(aws):
    aws.bucket("models")
    aws.role("trainer", trusts="ec2.amazonaws.com")
    found = errors()["role"]
    assert "does not trust sagemaker.amazonaws.com" in found.message
    words = shlex.split(found.hints[0])
    assert words[:3] == ["aws", "iam", "update-assume-role-policy"]
    policy = words[words.index("--policy-document") + 1]
    with closing(aws.client("iam", own=True)) as iam:
        iam.update_assume_role_policy(RoleName="trainer", PolicyDocument=policy)
    assert "ec2.amazonaws.com" in json.dumps(json.loads(policy))  # whom it trusted, it trusts
    assert errors() == {}


def test_a_role_that_may_not_be_looked_at_can_be_named_whole(sound):
    sound.deny("iam:GetRole")
    found = errors()["role"]
    assert "may not iam:GetRole" in found.message
    assert any("role_arn=" in hint for hint in found.hints)
    arn = f"arn:aws:iam::{ACCOUNT}:role/trainer"
    assert errors(job_of({"role_arn": arn, "role_name": None})) == {}


def test_a_bucket_that_is_not_there(aws):
    aws.role("trainer")
    found = errors()["bucket"]
    assert found.message == "there is no bucket models"
    assert found.hints == ("aws s3 mb s3://models --region eu-west-1",)


def test_a_bucket_of_another_region(aws):
    aws.role("trainer")
    place = {"LocationConstraint": "us-west-2"}
    Client(region="us-west-2").call(
        "s3", "CreateBucket", Bucket="models", CreateBucketConfiguration=place
    )
    found = errors()["bucket"]
    assert "us-west-2" in found.message
    assert found.hints == ("fahr fit -c region=us-west-2",)


def reading(*places, **settings):
    """Give a job with these inputs."""
    inputs = tuple(Input(name=f"in{number}", location=place) for number, place in enumerate(places))
    return job_of(settings, inputs=inputs)


def test_inputs_that_are_not_there_are_told_before_anything_is_built(sound, tmp_path):
    with closing(sound.client("s3", own=True)) as s3:
        s3.put_object(Bucket="models", Key="sets/a/x.csv", Body=b"1")
    (tmp_path / "one.txt").write_text("1")
    assert errors(reading("s3://models/sets", "s3://models/sets/a/x.csv", str(tmp_path))) == {}
    found = errors(reading("s3://models/sets", "s3://models/set/b"))["inputs"]
    assert found.message == "in1: nothing lies at s3://models/set/b"
    assert found.hints[0] == "aws s3 ls s3://models/set/b"
    channels = {"data": "s3://models/none"}
    found = errors(reading("s3://nowhere/x", channels=channels))["inputs"]
    told = "in0: nothing lies at s3://nowhere/x; data: nothing lies at s3://models/none"
    assert found.message == told


def test_inputs_that_only_the_role_may_list_are_no_fault(sound):
    sound.deny("s3:ListBucket")
    assert set(errors(reading("s3://models/sets"))) == {"bucket"}


@pytest.mark.parametrize(
    ("permission", "subject"),
    [
        ("s3:ListBucket", "bucket"),
        ("ecr:DescribeRepositories", "ECR"),
        ("ecr:GetAuthorizationToken", "ECR"),
        ("sagemaker:DescribeTrainingJob", "name"),
        ("sts:GetCallerIdentity", "credentials"),
    ],
)
def test_each_finding_names_the_permission(sound, permission, subject):
    sound.deny(permission)
    found = errors()[subject]
    assert f"may not {permission}" in found.message
    assert permission in found.hints[0]


def test_everything_that_is_wrong_is_found_at_once(aws):
    found = errors(job_of({"instance_type": "ml.m5.huge", "environment": {"1A": "x"}}))
    assert set(found) == {"settings", "role", "bucket"}
    assert "instance_type: 'ml.m5.huge'" in found["settings"].message
    assert any("'1A'" in hint for hint in found["settings"].hints)


def test_a_name_that_is_taken(sound):
    from placed_requests import placed

    with sound.no_capacity():
        placed(sound, "digits-train-1-abcdef")
        found = errors()["name"]
    assert "names are used once" in found.message


def test_an_account_that_does_not_answer(sound, monkeypatch):
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    sound.faults.add("sts:*", Fault.ERROR, times=9)
    assert "AWS failed in GetCallerIdentity" in errors()["credentials"].message
