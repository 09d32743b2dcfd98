"""Faults on demand, permissions and credentials, as clients of AWS see them."""

from __future__ import annotations

import base64
import contextlib

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from tests.clouds.aws import ACCOUNT, REGION, Fault

CREATE = "sagemaker:CreateTrainingJob"


def code_of(call, **parameters):
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    return caught.value.response["Error"]["Code"]


@pytest.fixture
def hasty(cloud):
    """Give a client that waits a second for an answer, and asks once."""
    config = Config(retries={"total_max_attempts": 1}, read_timeout=1, proxies={})
    made = boto3.session.Session().client(
        "sagemaker",
        region_name=REGION,
        endpoint_url=cloud.endpoint,
        aws_access_key_id=cloud.variables["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=cloud.variables["AWS_SECRET_ACCESS_KEY"],
        config=config,
    )
    yield made
    made.close()


@pytest.mark.parametrize(
    ("fault", "takes_effect"),
    [
        (Fault.TIMEOUT, False),
        (Fault.RESET, False),
        (Fault.LOST, True),
        (Fault.SLOW, True),
    ],
)
def test_a_call_without_an_answer_took_effect_or_not(cloud, hasty, held, fault, takes_effect):
    cloud.faults.add(CREATE, fault)
    with pytest.raises(BotoCoreError):
        hasty.create_training_job(**held())
    assert (len(cloud.jobs) == 1) is takes_effect
    assert cloud.faults.struck == [(CREATE, fault)]
    if not takes_effect:
        hasty.create_training_job(**held())


def test_half_an_answer_is_an_empty_one_to_botocore(cloud, hasty, held):
    cloud.faults.add(CREATE, Fault.BROKEN)
    answer = hasty.create_training_job(**held())
    assert "TrainingJobArn" not in answer
    assert len(cloud.jobs) == 1


@pytest.mark.parametrize(
    ("fault", "json", "s3", "query"),
    [
        (Fault.THROTTLE, "ThrottlingException", "SlowDown", "Throttling"),
        (Fault.ERROR, "InternalFailure", "InternalError", "InternalFailure"),
        (
            Fault.UNAVAILABLE,
            "ServiceUnavailableException",
            "ServiceUnavailable",
            "ServiceUnavailable",
        ),
    ],
)
def test_each_service_fails_in_its_own_words(cloud, client, fault, json, s3, query):
    cloud.bucket("models")
    cloud.faults.add("*", fault, times=3)
    assert code_of(client("sagemaker").list_training_jobs) == json
    assert code_of(client("s3").list_objects_v2, Bucket="models") == s3
    assert code_of(client("sts").get_caller_identity) == query
    client("sts").get_caller_identity()


def test_a_fault_strikes_the_call_it_was_planned_for(cloud, client):
    cloud.bucket("models")
    cloud.faults.add("s3:PutObject", Fault.ERROR, skip=1)
    put = client("s3").put_object
    put(Bucket="models", Key="a", Body=b"1")
    assert code_of(put, Bucket="models", Key="b", Body=b"1") == "InternalError"
    put(Bucket="models", Key="b", Body=b"1")


def test_every_call_is_recorded_with_the_permission_that_it_needs(cloud, client, held):
    s3 = client("s3")
    held()
    s3.head_bucket(Bucket="models")
    s3.put_object(Bucket="models", Key="a/b", Body=b"1")
    s3.upload_part(
        Bucket="models",
        Key="big",
        PartNumber=1,
        UploadId=s3.create_multipart_upload(Bucket="models", Key="big")["UploadId"],
        Body=b"1",
    )
    s3.get_object(Bucket="models", Key="a/b")["Body"].close()
    client("sagemaker").create_training_job(**held())
    assert [call.name for call in cloud.calls] == [
        "s3:HeadBucket",
        "s3:PutObject",
        "s3:CreateMultipartUpload",
        "s3:UploadPart",
        "s3:GetObject",
        CREATE,
    ]
    assert cloud.calls[1].parameters == {"Bucket": "models", "Key": "a/b"}
    assert cloud.called(CREATE)[0].parameters["TrainingJobName"] == "exp-1"
    assert cloud.permissions() == {
        "s3:ListBucket",
        "s3:PutObject",
        "s3:GetObject",
        CREATE,
        "iam:PassRole",
    }


def test_what_the_user_may_not_is_refused(cloud, client, held):
    cloud.deny("s3:ListBucket")
    cloud.deny("iam:PassRole")
    cloud.deny("iam:GetRole")
    asked = held()
    assert code_of(client("s3").list_objects_v2, Bucket="models") == "AccessDenied"
    assert code_of(client("s3").head_bucket, Bucket="models") == "403"
    assert code_of(client("iam").get_role, RoleName="trainer") == "AccessDenied"
    with pytest.raises(ClientError, match="not authorized to perform: iam:PassRole on resource: "):
        client("sagemaker").create_training_job(**asked)
    assert len(cloud.jobs) == 0


def test_a_policy_can_be_simulated(cloud, client):
    cloud.deny("s3:PutObject")
    answer = client("iam").simulate_principal_policy(
        PolicySourceArn="arn:aws:iam::123456789012:user/anna",
        ActionNames=["s3:PutObject", "s3:GetObject"],
    )
    decided = {each["EvalActionName"]: each["EvalDecision"] for each in answer["EvaluationResults"]}
    assert decided == {"s3:PutObject": "implicitDeny", "s3:GetObject": "allowed"}


def test_credentials_expire_and_are_renewed(cloud, client):
    cloud.expire_credentials()
    assert code_of(client("sagemaker").list_training_jobs) == "ExpiredTokenException"
    assert code_of(client("sts").get_caller_identity) == "ExpiredToken"
    cloud.renew_credentials()
    client("sts").get_caller_identity()


def test_keys_that_nobody_gave_are_refused(aws, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIASOMEBODYELSES001")
    with contextlib.closing(boto3.session.Session().client("sagemaker")) as stranger:
        assert code_of(stranger.list_training_jobs) == "UnrecognizedClientException"


def test_the_variables_lead_every_client_here(aws):
    with contextlib.closing(boto3.session.Session().client("sts")) as sts:
        assert sts.get_caller_identity()["Account"] == ACCOUNT
    assert [call.name for call in aws.calls] == ["sts:GetCallerIdentity"]


def test_ecr_leads_to_the_registry_and_its_token_expires(cloud, client):
    uri = client("ecr").create_repository(repositoryName="team/exp")["repository"]["repositoryUri"]
    assert uri == f"{cloud.registry.host}/team/exp"
    asked = client("ecr").get_authorization_token
    (before,) = asked()["authorizationData"]
    assert before["proxyEndpoint"] == f"http://{cloud.registry.host}"
    assert base64.b64decode(before["authorizationToken"]) == f"AWS:{cloud.registry.token}".encode()
    cloud.registry.renew_token()
    (after,) = asked()["authorizationData"]
    assert after["authorizationToken"] != before["authorizationToken"]


def test_a_new_account_holds_nothing(cloud, client):
    assert client("s3").list_buckets()["Buckets"] == []
    assert client("iam").list_roles()["Roles"] == []
    assert client("sagemaker").list_training_jobs()["TrainingJobSummaries"] == []
