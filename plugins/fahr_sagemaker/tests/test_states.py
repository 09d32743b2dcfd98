from __future__ import annotations

import datetime
import json
from typing import TYPE_CHECKING

import pytest

from fahr_core.errors import AccessError, ServiceError
from fahr_core.models import State
from fahr_sagemaker.states import job_states, phases, state_of
from placed_jobs import placed, printed, ref_of

if TYPE_CHECKING:
    from tests.clouds.aws.cloud import Cloud

START = datetime.datetime(2026, 5, 4, 12, 0, tzinfo=datetime.UTC)


def told(*steps: str, **more: object) -> dict[str, object]:
    """Give a description as DescribeTrainingJob's, each step a minute long."""
    moments = [START + datetime.timedelta(minutes=n) for n in range(len(steps) + 1)]
    transitions = [
        {"Status": step, "StartTime": begun, "EndTime": ended, "StatusMessage": f"{step} goes on"}
        for step, begun, ended in zip(steps, moments, moments[1:], strict=False)
    ]
    del transitions[-1]["EndTime"]
    return {
        "TrainingJobStatus": "InProgress",
        "SecondaryStatus": steps[-1],
        "SecondaryStatusTransitions": transitions,
        "CreationTime": START,
        **more,
    }


@pytest.mark.parametrize(
    ("status", "second", "state"),
    [
        ("InProgress", "Pending", State.SUBMITTED),
        ("InProgress", "Starting", State.SUBMITTED),
        ("InProgress", "Downloading", State.SUBMITTED),
        ("InProgress", "Training", State.RUNNING),
        ("InProgress", "Uploading", State.RUNNING),
        ("InProgress", "Interrupted", State.SUBMITTED),
        ("InProgress", "Restarting", State.SUBMITTED),
        ("InProgress", "SomethingNew", State.SUBMITTED),
        ("Stopping", "Stopping", State.STOPPING),
        ("Stopped", "Stopped", State.STOPPED),
        ("Stopped", "MaxRuntimeExceeded", State.FAILED),
        ("Stopped", "MaxWaitTimeExceeded", State.FAILED),
        ("Failed", "Failed", State.FAILED),
        ("Completed", "Completed", State.COMPLETE),
        ("Deleting", "Completed", State.FAILED),
    ],
)
def test_each_status_has_a_state(status: str, second: str, state: State) -> None:
    said = state_of(ref_of(), told(second, TrainingJobStatus=status))
    assert said.state is state


def test_the_detail_tells_each_step_and_its_time() -> None:
    said = state_of(ref_of(), told("Starting", "Downloading", "Training"))
    assert said.detail == "Training; Starting 60 s, Downloading 60 s"


def test_a_job_that_waits_for_a_reason_tells_it() -> None:
    description = told("Starting")
    description["SecondaryStatusTransitions"][0]["StatusMessage"] = "Insufficient capacity error"
    assert state_of(ref_of(), description).detail == "Starting: Insufficient capacity error"


def test_steps_of_several_starts_are_summed() -> None:
    steps = ["Starting", "Training", "Interrupted", "Starting", "Training", "Completed"]
    assert phases(told(*steps)) == {"Starting": 120, "Training": 120, "Interrupted": 60}


@pytest.mark.parametrize(
    ("steps", "attempt"),
    [
        (["Starting", "Training"], 1),
        (["Starting", "Training", "Interrupted"], 2),
        (["Starting", "Training", "Interrupted", "Restarting", "Starting"], 2),
        (["Training", "Interrupted", "Training", "Restarting", "Training"], 3),
    ],
)
def test_each_interruption_counts_an_attempt(steps: list[str], attempt: int) -> None:
    assert state_of(ref_of(), told(*steps)).attempt == attempt


def test_billed_seconds_and_what_spot_saves_are_told() -> None:
    machines = {"InstanceType": "ml.g5.xlarge", "InstanceCount": 2}
    description = told(
        "Completed",
        TrainingJobStatus="Completed",
        ResourceConfig=machines,
        EnableManagedSpotTraining=True,
        TrainingTimeInSeconds=1000,
        BillableTimeInSeconds=300,
    )
    said = state_of(ref_of(), description)
    billed = "billed 300 s on each of 2 machines of 1000 s, spot saves 70 %"
    assert said.detail == f"Completed; {billed}"
    assert said.where == "2 x ml.g5.xlarge spot"


@pytest.mark.parametrize(
    ("second", "condition", "reason"),
    [
        ("MaxRuntimeExceeded", {"MaxRuntimeInSeconds": 7200}, "time limit of 2 h reached"),
        ("MaxWaitTimeExceeded", {"MaxWaitTimeInSeconds": 7200}, "time limit of 2 h (max_wait)"),
    ],
)
def test_the_time_limit_is_the_reason(second: str, condition: dict[str, int], reason: str) -> None:
    description = told(second, TrainingJobStatus="Stopped", StoppingCondition=condition)
    assert reason in (state_of(ref_of(), description).reason or "")


@pytest.mark.parametrize(
    ("words", "reason", "code"),
    [
        (
            "AlgorithmError: ValueError: no digits  train.py:4, exit code: 1",
            "ValueError: no digits  train.py:4",
            1,
        ),
        ("AlgorithmError: two\nlines, exit code: 3", "two\nlines", 3),
        ("AlgorithmError: , exit code: 137", None, 137),
        (
            "ClientError: Data download failed: no such key",
            "ClientError: Data download failed: no such key",
            None,
        ),
        ("CapacityError: Unable to provision", "CapacityError: Unable to provision", None),
    ],
)
def test_the_reason_is_the_jobs_own(words: str, reason: str | None, code: int | None) -> None:
    said = state_of(ref_of(), told("Failed", TrainingJobStatus="Failed", FailureReason=words))
    assert (said.reason, said.exit_code) == (reason, code)


def test_a_summary_of_a_list_has_a_state() -> None:
    summary = {"TrainingJobStatus": "Completed", "CreationTime": START, "LastModifiedTime": START}
    said = state_of(ref_of(), summary)
    assert (said.state, said.ended) == (State.COMPLETE, START.timestamp())


class TestAsking:
    def test_many_jobs_are_answered_in_order(self, aws: Cloud) -> None:
        names = [f"job-{number}" for number in range(12)]
        for number, name in enumerate(names):
            placed(aws, name, "Training" if number % 2 else "Starting")
        refs = [ref_of(name) for name in [*names, "never-was", names[0]]]
        answers = job_states(refs)
        assert [answer.ref for answer in answers] == refs
        words = [answer.state for answer in answers]
        assert words == [State.SUBMITTED, State.RUNNING] * 6 + [State.FAILED, State.SUBMITTED]
        assert job_states([]) == []

    @pytest.mark.parametrize("name", ["never-was", "x" * 80, "not_a_name"])
    def test_an_unknown_job_is_failed(self, aws: Cloud, name: str) -> None:
        (said,) = job_states([ref_of(name)])
        assert said.state is State.FAILED
        assert name in (said.reason or "")

    def test_another_account_is_no_unknown_job(self, aws: Cloud) -> None:
        with pytest.raises(AccessError, match="AWS account 999999999999"):
            job_states([ref_of("never-was", account="999999999999")])

    def test_a_failure_without_words_is_told_by_the_log(self, aws: Cloud) -> None:
        job = placed(aws)
        job.reason = "AlgorithmError: , exit code: 137"
        job.enter("Failed", status="Failed")
        printed(aws, f"{job.name}/algo-1-1", *[(n, f"line {n}") for n in range(1, 9)])
        (said,) = job_states([ref_of()])
        first, *rest = (said.reason or "").splitlines()
        assert first == "exit status 137 (killed: out of memory?)"
        assert rest == [f"line {n}" for n in range(4, 9)]

    def test_keys_that_expire_are_replaced_by_new_ones(
        self, aws: Cloud, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        placed(aws)
        job_states([ref_of()])
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAUNKNOWNTOTHECLOU")
        assert job_states([ref_of()])[0].state is State.RUNNING  # the old ones still hold
        aws.expire_credentials()
        with pytest.raises(AccessError):
            job_states([ref_of()])
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", aws.variables["AWS_ACCESS_KEY_ID"])
        aws.renew_credentials()
        assert job_states([ref_of()])[0].state is State.RUNNING


class TestSecrets:
    PLACE = "AmazonSageMaker-fahr-digits"

    def stored(self, cloud: Cloud) -> list[str]:
        client = cloud.client("secretsmanager", own=True)
        found = [each["Name"] for each in client.list_secrets()["SecretList"]]
        client.close()
        return found

    @pytest.fixture
    def secret(self, aws: Cloud) -> None:
        client = aws.client("secretsmanager", own=True)
        client.create_secret(Name=self.PLACE, SecretString=json.dumps({"TOKEN": "abc"}))
        client.close()

    def test_they_go_when_the_job_ends_and_not_before(self, aws: Cloud, secret: None) -> None:
        job, ref = placed(aws), ref_of(secrets=f"secretsmanager:{self.PLACE}")
        job_states([ref])
        assert self.stored(aws) == [self.PLACE]
        job.enter("Completed", status="Completed")
        assert job_states([ref])[0].state is State.COMPLETE
        assert self.stored(aws) == []
        assert job_states([ref])[0].state is State.COMPLETE  # and again

    def test_that_they_are_left_is_told(self, aws: Cloud, secret: None) -> None:
        placed(aws, "digits-train-1-ab", "Completed")
        aws.deny("secretsmanager:DeleteSecret")
        (said,) = job_states([ref_of(secrets=f"secretsmanager:{self.PLACE}")])
        assert said.state is State.COMPLETE
        assert "its secrets are still there" in (said.detail or "")


def test_a_service_that_fails_is_said(aws: Cloud) -> None:
    from tests.clouds.faults import Fault

    placed(aws)
    aws.faults.add("sagemaker:DescribeTrainingJob", Fault.ERROR, times=100)
    with pytest.raises(ServiceError):
        job_states([ref_of()])
