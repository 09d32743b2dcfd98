from __future__ import annotations

from contextlib import closing

import pytest
from tests.clouds.aws import ACCOUNT, REGION, Fault

from fahr_core.errors import AccessError, FahrError, ServiceError, SettingsError
from fahr_core.models import JobRef
from fahr_sagemaker.client import Client
from fahr_sagemaker.failures import code_of, is_certain, is_throttling

REF = JobRef(driver="sagemaker", id="j", data={"account": ACCOUNT, "region": REGION})


@pytest.fixture
def client(aws):
    """Give a client by the variables alone."""
    return Client()


@pytest.fixture
def quick(monkeypatch):
    """Let calls be tried twice only."""
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "2")
    monkeypatch.setenv("AWS_RETRY_MODE", "standard")


def who(client):
    return client.call("sts", "GetCallerIdentity")


def failed(client, service="sts", operation="GetCallerIdentity", **arguments):
    """Give the error of a call."""
    with pytest.raises(FahrError) as caught:
        client.call(service, operation, **arguments)
    return caught.value


def test_a_call_gives_the_answer(client):
    assert who(client)["Account"] == ACCOUNT


def test_the_region_is_the_settings_or_that_of_aws_own_variables(aws, monkeypatch):
    assert Client(region="us-east-1").region == "us-east-1"
    assert Client().region == REGION
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    assert Client().region == REGION  # AWS_REGION, as AWS's other SDKs read it
    monkeypatch.delenv("AWS_REGION")
    with pytest.raises(AccessError, match="no AWS region") as caught:
        assert Client().region
    assert "export AWS_REGION=" in caught.value.hints[0]


def test_one_client_serves_the_same_words_and_none_other(aws, monkeypatch):
    one = Client.of_settings({"region": None, "profile": None})
    assert Client.of_settings({}) is one
    assert Client.of_settings({"region": REGION}) is one
    assert Client.of_settings({"region": "us-east-1"}) is not one
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAANOTHER")
    assert Client.of_settings({}) is not one


def test_new_credentials_are_looked_for_once_the_old_ones_fail(aws):
    aws.expire_credentials()
    one = Client.of_settings({})
    assert isinstance(failed(one), AccessError)
    assert Client.of_settings({}) is not one


def test_a_job_is_found_by_its_account_and_region_where_its_profile_is_unknown(aws, own_home):
    from dataclasses import replace

    ref = replace(REF, data={**REF.data, "profile": "team"})
    assert Client.of_ref(ref).profile is None
    config = own_home / "config"
    config.write_text("[profile team]\naws_access_key_id = a\naws_secret_access_key = b\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_CONFIG_FILE", str(config))
        assert Client.of_ref(ref).profile == "team"
        assert Client.of_ref(ref).region == REGION


def test_another_account_is_told(aws):
    Client.of_ref(REF).check_account()
    with pytest.raises(AccessError, match=f"in AWS account 999, the credentials are .* {ACCOUNT}"):
        Client(account="999").check_account()


# -- what can be wrong ---------------------------------------------------------------------


def test_no_credentials(client, monkeypatch):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    error = failed(Client())
    assert isinstance(error, AccessError)
    assert error.message == "no AWS credentials"
    assert "aws configure" in error.hints
    assert is_certain(error)


def test_an_unknown_profile(aws):
    error = failed(Client(profile="nobody"))
    assert isinstance(error, AccessError)
    assert "nobody" in error.message
    assert error.hints == ("aws configure list-profiles",)


def test_expired_credentials(client, aws):
    aws.expire_credentials()
    error = failed(client)
    assert isinstance(error, AccessError)
    assert error.message == "the AWS credentials have expired"
    assert error.hints[0] == "aws sso login"


def test_credentials_that_nobody_knows(client, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIANOBODYS")
    error = failed(Client())
    assert isinstance(error, AccessError)
    assert error.message.startswith("AWS does not know these credentials")


@pytest.mark.parametrize(
    ("service", "operation", "arguments", "permission"),
    [
        ("iam", "GetRole", {"RoleName": "r"}, "iam:GetRole"),
        ("s3", "HeadBucket", {"Bucket": "models"}, "s3:ListBucket"),
        ("s3", "HeadObject", {"Bucket": "models", "Key": "k"}, "s3:GetObject"),
        ("ecr", "GetAuthorizationToken", {}, "ecr:GetAuthorizationToken"),
        ("sagemaker", "ListTrainingJobs", {}, "sagemaker:ListTrainingJobs"),
    ],
)
def test_a_permission_that_is_missing_is_named(
    client, aws, service, operation, arguments, permission
):
    aws.bucket("models")
    aws.deny(permission)
    error = failed(client, service, operation, **arguments)
    assert isinstance(error, AccessError)
    assert f"may not {permission}" in error.message
    assert is_certain(error)


def test_parameters_that_cannot_be_sent(client):
    error = failed(client, "iam", "GetRole", RoleName=7)
    assert isinstance(error, SettingsError)
    assert "RoleName" in error.message


def test_what_the_service_refuses_keeps_its_code(client):
    error = failed(client, "iam", "GetRole", RoleName="nobody")
    assert code_of(error) == "NoSuchEntity"
    assert error.exit_status == 2


@pytest.mark.parametrize("fault", [Fault.RESET, Fault.ERROR, Fault.UNAVAILABLE, Fault.THROTTLE])
def test_what_may_work_a_moment_later_is_tried_again(client, aws, fault):
    aws.faults.add("sts:*", fault, times=2)
    assert who(client)["Account"] == ACCOUNT


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (Fault.RESET, "no answer from AWS to GetCallerIdentity"),
        (Fault.ERROR, "AWS failed in GetCallerIdentity"),
        (Fault.THROTTLE, "AWS answers fewer calls than we made"),
    ],
)
def test_what_goes_on_failing_is_to_be_tried_later(client, quick, aws, fault, told):
    aws.faults.add("sts:*", fault, times=9)
    error = failed(client)
    assert isinstance(error, ServiceError)
    assert error.message.startswith(told)
    assert not is_certain(error)
    assert is_throttling(error) == (fault is Fault.THROTTLE)


def test_a_service_that_cannot_be_reached(client, quick, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    error = failed(Client())
    assert isinstance(error, ServiceError)
    assert error.message.startswith("AWS cannot be reached")
    assert not is_certain(error)


def test_pages_come_one_after_the_other(client, aws):
    aws.bucket("models")
    with closing(aws.client("s3", own=True)) as s3:
        for number in range(5):
            s3.put_object(Bucket="models", Key=str(number), Body=b"")
    pages = client.pages("s3", "ListObjectsV2", Bucket="models", MaxKeys=2)
    assert [item["Key"] for page in pages for item in page["Contents"]] == list("01234")


def test_a_token_that_comes_again_ends_the_pages(client, monkeypatch):
    asked = []

    def call(service, operation, **arguments):
        asked.append(arguments)
        return {"NextToken": "t"}

    monkeypatch.setattr(client, "call", call)
    assert len(list(client.pages("sagemaker", "ListTrainingJobs"))) == 2
    assert asked == [{}, {"NextToken": "t"}]


def test_a_call_that_does_not_exist_is_a_fault_of_the_driver(client):
    with pytest.raises(AttributeError, match="has no MakeCoffee"):
        client.call("sts", "MakeCoffee")
