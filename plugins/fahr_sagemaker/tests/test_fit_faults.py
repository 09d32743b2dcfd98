"""Each call of a whole ``fit`` goes wrong in turn: one job, or none and a clear error.

Only the image is made before: what the engine and the registry do when they fail is shown
where images are made.
"""

from __future__ import annotations

import json
import math
from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING

import pytest
from tests.clouds.aws import Fault

from fahr_core.errors import FahrError, ServiceError
from fahr_core.ledger import Ledger
from fahr_core.models import State
from fahr_core.planning import Order, make_plan
from fahr_core.reporter import Quiet
from fahr_core.session import Session
from fahr_core.submission import submit
from fahr_sagemaker.client import Client
from placed_requests import pushed
from tabled_calls import AGAIN, FIT, LARGE

if TYPE_CHECKING:
    from pathlib import Path

CALLS = (*FIT, *LARGE)
#: What goes wrong once; seconds are how long an answer is waited for.
FAULTS = (Fault.TIMEOUT, Fault.ERROR, Fault.THROTTLE, Fault.RESET, Fault.LOST)
PATIENCE = 2
#: A job whose answer comes when nobody waits for it any more.
TOO_LATE = ("sagemaker:CreateTrainingJob", Fault.SLOW)
#: Seconds by which an answer is late that comes in time: the usual patience is a minute.
LATE = 0.2
#: More bytes than one call to S3 brings.
MUCH = 9 * 1024**2
#: The clients that wait no longer; they serve all tests here.
_PATIENT: dict[tuple[object, ...], Client] = {}


@pytest.fixture
def order(aws, tmp_path, monkeypatch) -> Order:
    """Give the order of a job with inputs and a secret, by an image that is there already."""
    aws.bucket("models")
    aws.client("s3", own=True).put_object(Bucket="models", Key="sets/x.csv", Body=b"1")
    aws.role("trainer")
    monkeypatch.setattr("fahr_sagemaker.client._READ", PATIENCE)
    monkeypatch.setattr("fahr_sagemaker.client._SHARED", _PATIENT)
    monkeypatch.setenv("TOKEN", "the-secret")
    folder = tmp_path / "digits"
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "one.txt").write_text("1")
    (folder / "train.py").write_text("print('hello')\n")
    monkeypatch.setattr(Session, "build_image", lambda *given: pushed(aws))
    with aws.no_capacity():
        yield _order(folder)


def _order(folder: Path, *pairs: str) -> Order:
    return Order(
        artifact="train.py",
        cwd=folder,
        options={"train_driver": "sagemaker", "build_driver": "local-cpu"},
        pairs=["output_path=s3://models/x", "role_name=trainer", *pairs],
        inputs=["data=./data", "sets=s3://models/sets"],
        secrets=["TOKEN"],
    )


def making(order: Order, call: str) -> Order:
    """Give the order that makes a call: as it is, or with much data and a secret in SSM."""
    if call not in LARGE:
        return order
    with (order.cwd / "data" / "one.txt").open("wb") as file:
        file.truncate(MUCH)
    return _order(order.cwd, "vault=ssm")


def made() -> list[str]:
    """Give the names of the jobs that the service has."""
    listed = Client().call("sagemaker", "ListTrainingJobs")["TrainingJobSummaries"]
    return [job["TrainingJobName"] for job in listed]


def test_a_fit_makes_these_calls_and_no_other(aws, order):
    record = submit(make_plan(order), Quiet())
    assert record.state is State.SUBMITTED
    assert {call.name for call in aws.called()} == set(FIT)
    assert made() == [record.remote_name]
    aws.calls.clear()
    submit(make_plan(making(order, LARGE[0])), Quiet())
    made_besides = {call.name for call in aws.called()} - set(FIT)
    assert made_besides == set(LARGE)


@pytest.mark.parametrize(("call", "fault"), [*product(CALLS, FAULTS), TOO_LATE], ids=str)
def test_a_fault_of_a_moment_is_not_noticed(aws, order, call, fault):
    aws.faults.add(call, fault, seconds=PATIENCE + 1)
    record = submit(make_plan(making(order, call)), Quiet())
    assert [struck for _, struck in aws.faults.struck] == [fault]
    assert 2 in {each.attempt for each in aws.called(call)}
    assert record.state is State.SUBMITTED
    assert made() == [record.remote_name]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_secret_that_a_killed_command_has_left_is_replaced(aws, order, fault):
    (call,) = AGAIN
    manager = aws.client("secretsmanager", own=True)
    manager.create_secret(Name="AmazonSageMaker-fahr-again", SecretString="{}")
    aws.faults.add(call, fault, seconds=PATIENCE + 1)
    submit(make_plan(replace(order, name="again")), Quiet())
    assert aws.faults.struck == [(call, fault)]
    assert made() == ["again"]
    kept = manager.get_secret_value(SecretId="AmazonSageMaker-fahr-again")["SecretString"]
    assert json.loads(kept) == {"TOKEN": "the-secret"}


@pytest.mark.parametrize(("example", "calls"), [(FIT[0], FIT), (LARGE[0], LARGE)])
def test_each_answer_that_is_late_is_waited_for(aws, order, monkeypatch, example, calls):
    monkeypatch.setattr("fahr_sagemaker.client._READ", 60)
    monkeypatch.setattr("fahr_sagemaker.client._SHARED", {})
    aws.faults.add("*", Fault.SLOW, times=math.inf, seconds=LATE)
    record = submit(make_plan(making(order, example)), Quiet())
    late, again = set(aws.faults.struck), [call for call in aws.called() if call.attempt > 1]
    aws.faults.clear()
    assert {(call, Fault.SLOW) for call in calls} <= late
    assert again == []
    assert made() == [record.remote_name]


@pytest.mark.parametrize(
    ("call", "fault"),
    [(call, Fault.ERROR) for call in CALLS]
    + [("sagemaker:CreateTrainingJob", fault) for fault in (Fault.THROTTLE, Fault.RESET)],
)
def test_a_fault_that_stays_ends_in_no_job_and_a_clear_error(aws, order, monkeypatch, call, fault):
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "2")
    aws.faults.add(call, fault, times=math.inf)
    with pytest.raises(FahrError) as caught:
        submit(make_plan(making(order, call)), Quiet())
    aws.faults.clear()
    assert "AWS" in str(caught.value)
    assert "Traceback" not in str(caught.value)
    assert "nothing was s" in str(caught.value) or isinstance(caught.value, ServiceError)
    assert made() == []


def test_a_job_whose_answers_are_all_lost_is_sent_once(aws, order, monkeypatch):
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "2")
    aws.faults.add("sagemaker:CreateTrainingJob", Fault.LOST, times=math.inf)
    record = submit(make_plan(order), Quiet())
    assert record.state is State.SUBMITTED
    assert made() == [record.remote_name]


def test_a_job_that_nobody_can_tell_of_is_never_sent_again(aws, order, monkeypatch):
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    aws.faults.add("sagemaker:CreateTrainingJob", Fault.LOST, times=math.inf)
    aws.faults.add("sagemaker:DescribeTrainingJob", Fault.ERROR, times=math.inf, skip=1)
    with pytest.raises(ServiceError, match="nobody can tell whether sagemaker has"):
        submit(make_plan(order), Quiet())
    aws.faults.clear()
    (name,) = made()
    (record,), _ = Ledger.at_home().listing(limit=5)
    assert record.state is State.SUBMITTING
    assert record.remote_name == name
