from __future__ import annotations

from dataclasses import replace

import pytest
from tests.clouds.aws import ACCOUNT, REGION, Fault

from fahr_core.errors import FahrError
from fahr_core.models import Absent, Found, JobRef, Refused, Submitted, Unknown, from_json, to_json
from fahr_core.testing.fixtures import no_progress
from fahr_sagemaker.client import Client
from fahr_sagemaker.staging import stage
from fahr_sagemaker.submission import _beyond_limit, find, submit
from made_jobs import request_of
from placed_requests import elsewhere, placed, planned

CREATE = "sagemaker:CreateTrainingJob"


@pytest.fixture
def sound(aws):
    """Give an account that has all that a job needs, but machines: no job runs."""
    aws.bucket("models")
    aws.role("trainer")
    with aws.no_capacity():
        yield aws


def made(cloud):
    """Give the names of the jobs that the service has."""
    listed = Client().call("sagemaker", "ListTrainingJobs")["TrainingJobSummaries"]
    return [job["TrainingJobName"] for job in listed]


def secrets_left(cloud):
    """Give the places of the secrets that the account has, as a job is told them."""
    manager, parameters = (cloud.client(name, own=True) for name in ("secretsmanager", "ssm"))
    secrets = manager.list_secrets()["SecretList"]
    found = parameters.get_parameters_by_path(Path="/", Recursive=True)["Parameters"]
    folders = [parameter["Name"].rpartition("/")[0] for parameter in found]
    return [f"secretsmanager:{secret['Name']}" for secret in secrets] + [
        f"ssm:{folder}" for folder in folders
    ]


def test_a_request_is_a_job_and_is_found_again(sound):
    request = planned(sound)
    assert isinstance(find(request), Absent)
    answer = submit(request)
    assert isinstance(answer, Submitted)
    found = find(request)
    assert found == Found(ref=answer.ref, link=answer.link)
    assert made(sound) == ["digits-train-1-abcdef"]


def test_the_reference_holds_what_any_machine_needs(sound):
    ref = submit(planned(sound, {"profile": None}, secrets=("TOKEN",))).ref
    assert ref.id == "digits-train-1-abcdef"
    assert ref.data == {
        "account": ACCOUNT,
        "region": REGION,
        "arn": f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:training-job/digits-train-1-abcdef",
        "run_id": "abcdefghijklmnop",
        "output": "s3://models/x/digits-train-1-abcdef/output/",
        "secrets": "secretsmanager:AmazonSageMaker-fahr-digits-train-1-abcdef",
    }
    assert from_json(JobRef, to_json(ref)) == ref


def test_the_link_is_the_consoles_page(sound):
    link = submit(planned(sound)).link
    assert link == (
        "https://eu-west-1.console.aws.amazon.com/sagemaker/home"
        "?region=eu-west-1#/jobs/digits-train-1-abcdef"
    )


def test_a_request_that_is_sent_again_makes_no_second_job(sound):
    request = planned(sound)
    assert submit(request) == submit(request)
    assert made(sound) == ["digits-train-1-abcdef"]


def test_a_name_that_another_run_has_is_refused(sound):
    request = planned(sound)
    submit(request)
    other = elsewhere(request)
    answer = submit(other)
    assert isinstance(answer, Refused)
    assert "names are used once" in answer.reason
    assert isinstance(find(other), Absent)


def test_a_chosen_name_with_the_same_content_is_the_same_job(sound):
    """As in CI, where the ledger is empty each time and the run id another one."""
    first = planned(sound, run_id="firstrunsid23456")
    again = planned(sound, run_id="secondrunsid2345")
    assert submit(again).ref.id == submit(first).ref.id
    assert isinstance(find(first), Found)
    other = planned(sound, params={"epochs": 3}, run_id="thirdrunsid23456")
    assert isinstance(submit(other), Refused)
    assert len(made(sound)) == 1


def test_a_name_that_a_strangers_job_has_is_refused(sound):
    placed(sound, "digits-train-1-abcdef")
    assert isinstance(submit(planned(sound)), Refused)


# -- refusals --------------------------------------------------------------------------------


def test_a_machine_that_aws_does_not_allow(sound):
    sound.quotas["ml.m5.large"] = 0
    answer = submit(planned(sound))
    assert answer == Refused(
        reason="AWS allows 0 x ml.m5.large for training in eu-west-1, not 1",
        hints=(
            "raise it: https://eu-west-1.console.aws.amazon.com/servicequotas/home/services"
            "/sagemaker/quotas",
            "nothing is charged",
        ),
    )


def test_more_machines_than_aws_ever_allows_are_not_waited_for(sound):
    sound.quotas["ml.m5.large"] = 1
    answer = submit(planned(sound, {"instance_count": 2}))
    assert isinstance(answer, Refused)
    assert not answer.busy
    assert answer.reason == "AWS allows 1 x ml.m5.large for training in eu-west-1, not 2"


def test_machines_that_other_jobs_have_are_waited_for():
    text = "service limit 'ml.m5.large for training job usage' is 2 Instances, with current"
    request = request_of()
    answer = _beyond_limit(Client(region="eu-west-1"), request, FahrError(text))
    assert answer.busy
    assert "other jobs have them" in answer.reason


def test_the_right_to_hand_over_a_role_is_named(sound):
    sound.deny("iam:PassRole")
    answer = submit(planned(sound))
    assert isinstance(answer, Refused)
    assert "may not iam:PassRole" in answer.reason
    assert answer.hints[0].startswith(f"ask for iam:PassRole on arn:aws:iam::{ACCOUNT}:role/")


def test_an_image_that_is_not_there(sound):
    request = planned(sound)
    algorithm = {**request.body["AlgorithmSpecification"]}
    algorithm["TrainingImage"] = algorithm["TrainingImage"][:-4] + "0000"
    answer = submit(replace(request, body={**request.body, "AlgorithmSpecification": algorithm}))
    assert isinstance(answer, Refused)
    assert "Cannot find the requested image" in answer.reason
    assert isinstance(find(request), Absent)


@pytest.mark.parametrize("vault", ["secretsmanager", "ssm"])
def test_a_job_that_is_refused_leaves_no_secret(sound, vault):
    sound.quotas["ml.m5.large"] = 0
    request = planned(sound, {"vault": vault}, secrets=("TOKEN",))
    stage(request, {"TOKEN": "x"}, no_progress)
    assert secrets_left(sound) == [request.body["Environment"]["FAHR_SECRETS"]]
    assert isinstance(submit(request), Refused)
    assert secrets_left(sound) == []


def test_the_secret_of_a_job_that_has_the_name_stays(sound):
    request = planned(sound, secrets=("TOKEN",))
    stage(request, {"TOKEN": "x"}, no_progress)
    assert isinstance(submit(request), Submitted)
    other = elsewhere(request)
    place = {"FAHR_SECRETS": request.body["Environment"]["FAHR_SECRETS"]}
    body = {**other.body, "Environment": {**other.body["Environment"], **place}}
    assert isinstance(submit(replace(other, body=body)), Refused)
    assert secrets_left(sound) == list(place.values())


def test_a_secret_that_cannot_be_removed_is_told(sound):
    sound.quotas["ml.m5.large"] = 0
    sound.deny("secretsmanager:DeleteSecret")
    answer = submit(planned(sound, secrets=("TOKEN",)))
    assert "its secrets are still there (secretsmanager:AmazonSageMaker-fahr-" in answer.hints[-1]


def test_without_credentials_nothing_was_sent(sound, monkeypatch):
    request = planned(sound)
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    answer = submit(request)
    assert isinstance(answer, Refused)
    assert answer.reason == "no AWS credentials"


# -- answers that are lost -----------------------------------------------------------------------


@pytest.mark.parametrize("fault", list(Fault))
def test_a_fault_of_a_moment_costs_nothing(sound, monkeypatch, fault):
    monkeypatch.setattr("fahr_sagemaker.client._READ", 2)
    request = planned(sound)
    sound.faults.add(CREATE, fault, seconds=3 if fault is Fault.TIMEOUT else 0.2)
    answer = submit(request)
    if isinstance(answer, Unknown):  # botocore does not ask again after half an answer
        assert fault is Fault.BROKEN
        answer = find(request)
    assert isinstance(answer, Submitted | Found), answer
    assert made(sound) == ["digits-train-1-abcdef"]
    assert [struck for _, struck in sound.faults.struck] == [fault]


@pytest.mark.parametrize("fault", [Fault.TIMEOUT, Fault.RESET, Fault.ERROR, Fault.THROTTLE])
def test_where_nobody_knows_it_is_asked_after(sound, monkeypatch, fault):
    monkeypatch.setattr("fahr_sagemaker.client._READ", 1)
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "2")
    request = planned(sound)
    sound.faults.add(CREATE, fault, times=9, seconds=3)
    assert isinstance(submit(request), Unknown)
    assert isinstance(find(request), Absent)


@pytest.mark.parametrize("fault", [Fault.LOST, Fault.BROKEN])
def test_a_job_whose_answer_is_lost_every_time_is_found(sound, monkeypatch, fault):
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    request = planned(sound)
    sound.faults.add(CREATE, fault, times=9)
    assert isinstance(submit(request), Unknown)
    assert isinstance(find(request), Found)


def test_a_refusal_after_a_lost_answer_is_not_taken_for_none(sound, monkeypatch):
    """The first attempt arrives, its answer is lost, and the next ones are throttled."""
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "3")
    request = planned(sound)
    sound.faults.add(CREATE, Fault.LOST)
    sound.faults.add(CREATE, Fault.THROTTLE, times=9)
    assert isinstance(submit(request), Unknown)
    assert isinstance(find(request), Found)


def test_a_refusal_after_a_fault_is_a_refusal_once_nothing_is_there(sound):
    request = planned(sound)
    sound.quotas["ml.m5.large"] = 0
    sound.faults.add(CREATE, Fault.ERROR)
    answer = submit(request)
    assert isinstance(answer, Refused)
    assert answer.reason.startswith("AWS allows 0 x ml.m5.large")
    assert sound.called("sagemaker:DescribeTrainingJob")


def test_asking_that_fails_is_no_answer(sound, monkeypatch):
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    request = planned(sound)
    sound.faults.add("sagemaker:DescribeTrainingJob", Fault.ERROR, times=9)
    assert isinstance(find(request), Unknown)


def test_what_another_account_lacks_is_not_absent(sound):
    request = planned(sound)
    role = request.body["RoleArn"].replace(ACCOUNT, "999999999999")
    answer = find(replace(request, body={**request.body, "RoleArn": role}))
    assert isinstance(answer, Unknown)
    assert "sent to account 999999999999" in answer.reason
