"""What the service refuses, in its own codes and words; no engine is needed."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError
from tests.clouds.aws import images


def refused(call, **parameters):
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def test_a_request_that_fits_is_accepted(sagemaker, held):
    answer = sagemaker.create_training_job(**held())
    assert answer["TrainingJobArn"].endswith(":training-job/exp-1")
    described = sagemaker.describe_training_job(TrainingJobName="exp-1")
    assert described["TrainingJobStatus"] == "InProgress"
    assert described["SecondaryStatus"] in ("Starting", "Pending")
    assert "FailureReason" not in described


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (
            {"TrainingJobName": "exp_1"},
            "Value 'exp_1' at 'trainingJobName' failed to satisfy constraint: Member must satisfy "
            "regular expression pattern: [a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}",
        ),
        (
            {"TrainingJobName": "x" * 64},
            "Member must have length less than or equal to 63",
        ),
        (
            {"Environment": {"FAHR_JOB_0": "x" * 513}},
            "Map value must satisfy constraint: [Member must have length less than or equal to 512",
        ),
        (
            {"ResourceConfig": {"InstanceType": "ml.m5.huge", "VolumeSizeInGB": 5}},
            "at 'resourceConfig.instanceType' failed to satisfy constraint: Member must satisfy "
            "enum value set: [",
        ),
        (
            {"Tags": [{"Key": str(n), "Value": ""} for n in range(51)]},
            "at 'tags' failed to satisfy constraint: Member must have length less than or equal "
            "to 50",
        ),
        (
            {"StoppingCondition": {"MaxRuntimeInSeconds": 5, "MaxWaitTimeInSeconds": 9}},
            "Invalid MaxWaitTimeInSeconds. It is only supported when EnableManagedSpotTraining",
        ),
        (
            {"EnableManagedSpotTraining": True},
            "Invalid MaxWaitTimeInSeconds.",
        ),
        (
            {"RoleArn": "arn:aws:iam::123456789012:role/nobody"},
            "Could not assume role arn:aws:iam::123456789012:role/nobody. Please ensure that the "
            "role exists and allows principal 'sagemaker.amazonaws.com' to assume the role.",
        ),
    ],
)
def test_what_the_model_and_the_service_refuse(sagemaker, held, more, told):
    code, message = refused(sagemaker.create_training_job, **held(**more))
    assert code == "ValidationException"
    assert told in message


def test_all_faults_come_in_one_message(sagemaker, held):
    more = {"TrainingJobName": "-", "Environment": {"a b": "1"}}
    _, message = refused(sagemaker.create_training_job, **held(**more))
    assert message.startswith("2 validation errors detected: ")


def test_a_role_that_trusts_another_service_is_refused(cloud, sagemaker, held):
    arn = cloud.role("other", trusts="ec2.amazonaws.com")
    code, message = refused(sagemaker.create_training_job, **held(RoleArn=arn))
    assert (code, message[:21]) == ("ValidationException", "Could not assume role")


def test_a_name_is_taken_once(sagemaker, held):
    sagemaker.create_training_job(**held())
    code, message = refused(sagemaker.create_training_job, **held())
    assert code == "ResourceInUse"
    assert message.startswith("Training job names must be unique within an AWS account and region")


def test_a_quota_is_told(cloud, sagemaker, held):
    cloud.quotas["ml.m5.large"] = 0
    code, message = refused(sagemaker.create_training_job, **held())
    assert code == "ResourceLimitExceeded"
    assert "'ml.m5.large for training job usage' is 0 Instances" in message


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ("team/none@sha256:" + "0" * 64, "Cannot find repository: team/none in registry ID"),
        ("team/exp@sha256:" + "0" * 64, "Cannot find the requested image"),
        ("team/exp:none", "Cannot find the requested image"),
    ],
)
def test_an_image_that_is_not_there_is_refused(cloud, sagemaker, held, place, told):
    algorithm = {"TrainingImage": f"{cloud.registry.host}/{place}", "TrainingInputMode": "File"}
    asked = held(AlgorithmSpecification=algorithm)
    code, message = refused(sagemaker.create_training_job, **asked)
    assert code == "ValidationException"
    assert told in message


def test_an_image_in_oci_form_is_refused(cloud, sagemaker, held):
    image = images.push_bare(cloud, "team/oci", images.OCI_TYPE)
    algorithm = {"TrainingImage": image, "TrainingInputMode": "File"}
    _, message = refused(sagemaker.create_training_job, **held(AlgorithmSpecification=algorithm))
    assert message.startswith(
        "Unsupported manifest media type application/vnd.oci.image.manifest.v1+json for image"
    )


def test_jobs_are_listed_page_by_page_after_they_were_sorted_out(sagemaker, held):
    for name in ("a-1", "b-1", "a-2", "b-2", "a-3"):
        sagemaker.create_training_job(**held(name))
    pages = sagemaker.get_paginator("list_training_jobs").paginate(
        NameContains="a-",
        SortBy="Name",
        SortOrder="Descending",
        PaginationConfig={"PageSize": 2},
    )
    listed = [[job["TrainingJobName"] for job in page["TrainingJobSummaries"]] for page in pages]
    assert listed == [["a-3", "a-2"], ["a-1"]]


def test_a_job_that_waits_can_be_stopped_and_then_no_more(cloud, sagemaker, held):
    sagemaker.create_training_job(**held())
    sagemaker.stop_training_job(TrainingJobName="exp-1")
    assert cloud.jobs["exp-1"].wait_for("final").status == "Stopped"
    code, message = refused(sagemaker.stop_training_job, TrainingJobName="exp-1")
    assert code == "ValidationException"
    assert message == "The request was rejected because the training job is in status Stopped."
    assert "ModelArtifacts" not in sagemaker.describe_training_job(TrainingJobName="exp-1")


def test_a_spot_job_waits_no_longer_than_it_may(cloud, sagemaker, held):
    condition = {"MaxRuntimeInSeconds": 1, "MaxWaitTimeInSeconds": 1}
    asked = held(EnableManagedSpotTraining=True, StoppingCondition=condition)
    sagemaker.create_training_job(**asked)
    job = cloud.jobs["exp-1"].wait_for("final")
    assert (job.status, job.secondary) == ("Stopped", "MaxWaitTimeExceeded")


@pytest.mark.parametrize("action", ["describe_training_job", "stop_training_job"])
def test_a_job_that_is_not_there(sagemaker, action):
    told = refused(getattr(sagemaker, action), TrainingJobName="nobody")
    assert told == ("ValidationException", "Requested resource not found.")


def test_tags_are_kept_and_shown(sagemaker, held):
    tag = {"Key": "fahr:run", "Value": "8f3c"}
    arn = sagemaker.create_training_job(**held(Tags=[tag]))["TrainingJobArn"]
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [tag]
    sagemaker.delete_tags(ResourceArn=arn, TagKeys=["fahr:run"])
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == []


def test_an_ended_job_can_be_deleted_and_its_name_used_again(cloud, sagemaker, held):
    sagemaker.create_training_job(**held())
    code, _ = refused(sagemaker.delete_training_job, TrainingJobName="exp-1")
    assert code == "ResourceInUse"
    sagemaker.stop_training_job(TrainingJobName="exp-1")
    cloud.jobs["exp-1"].wait_for("final")
    sagemaker.delete_training_job(TrainingJobName="exp-1")
    sagemaker.create_training_job(**held())
