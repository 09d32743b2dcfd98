"""Each call of a whole ``fit`` goes wrong in turn: one job, or none and why.

Only the image is made before: what the engine and the registry do when they fail is shown
where images are made.  What comes after is in ``test_life_faults.py``.
"""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING

import pytest
from tests.clouds.faults import Fault

from fahr_core.errors import FahrError, ServiceError
from fahr_core.ledger import Ledger
from fahr_core.models import State
from fahr_core.planning import Order, make_plan
from fahr_core.reporter import Quiet
from fahr_core.session import Session
from fahr_core.submission import submit
from made_jobs import pushed
from tabled_calls import FIT, GPU, LARGE

if TYPE_CHECKING:
    from pathlib import Path

CALLS = (*FIT, *GPU, *LARGE)
#: Those without which no job can be sent; of the others a check says what it could not see.
NEEDED = (
    "aiplatform:customJobs.create",
    "aiplatform:customJobs.list",
    "artifactregistry:repositories.create",
    "oauth2:token",
    "secretmanager:secrets.create",
    "secretmanager:secrets.addVersion",
    "storage:objects.insert",
)
CREATE = "aiplatform:customJobs.create"
#: What goes wrong once; seconds are how long an answer is waited for.
FAULTS = (Fault.TIMEOUT, Fault.ERROR, Fault.THROTTLE, Fault.RESET, Fault.LOST)
PATIENCE = 2
#: A job whose answer comes when nobody waits for it any more.
TOO_LATE = (CREATE, Fault.SLOW)
#: Seconds by which an answer is late that comes in time: the usual patience is a minute.
LATE = 0.2
#: More bytes than one call to Cloud Storage brings.
MUCH = 9 * 1024**2


@pytest.fixture(autouse=True)
def patient(monkeypatch):
    """Wait for no answer long, and not long between two attempts."""
    monkeypatch.setattr("fahr_gcp.connection._READ", PATIENCE)
    monkeypatch.setattr("fahr_gcp.client._LONGEST_PAUSE", 0.05)
    monkeypatch.setattr("fahr_gcp.submission._BETWEEN", 0.05)


@pytest.fixture
def order(gcp, tmp_path, monkeypatch) -> Order:
    """Give the order of a job with an input and a secret, by an image that is there already."""
    gcp.bucket("models")
    account = gcp.service_account("trainer")
    monkeypatch.setenv("TOKEN", "the-secret")
    folder = tmp_path / "digits"
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "one.txt").write_text("1")
    (folder / "train.py").write_text("print('hello')\n")
    monkeypatch.setattr(Session, "build_image", lambda *given: pushed(gcp))
    with gcp.no_machines():
        yield _order(folder, account)


def _order(folder: Path, account: str) -> Order:
    return Order(
        artifact="train.py",
        cwd=folder,
        options={"train_driver": "gcp", "build_driver": "local-cpu"},
        pairs=[
            "project=fahr-tests",
            "region=europe-west4",
            "output_path=gs://models/x",
            f"service_account={account}",
        ],
        inputs=["data=./data"],
        secrets=["TOKEN"],
    )


def making(order: Order, *calls: str) -> Order:
    """Give the order that makes calls: as it is, with much data, or on a machine with a GPU."""
    if {*calls} & {*LARGE}:
        with (order.cwd / "data" / "one.txt").open("wb") as file:
            file.truncate(MUCH)
    if {*calls} & {*GPU}:
        return replace(order, options={**order.options, "build_driver": "local-gpu"})
    return order


def made(cloud) -> list[str]:
    """Give the names of the jobs that the service has and goes on with."""
    return [job.asked["displayName"] for job in cloud.jobs if not job.cancelling]


def test_a_fit_makes_these_calls_and_no_other(gcp, order):
    record = submit(make_plan(order), Quiet())
    assert record.state is State.SUBMITTED
    assert {call.name for call in gcp.called()} == set(FIT)
    assert made(gcp) == [record.remote_name]
    gcp.calls.clear()
    submit(make_plan(making(order, *GPU, *LARGE)), Quiet())
    assert {call.name for call in gcp.called()} - set(FIT) == {*GPU, *LARGE}


@pytest.mark.parametrize(("call", "fault"), [*product(CALLS, FAULTS), TOO_LATE], ids=str)
def test_a_fault_of_a_moment_is_not_noticed(gcp, order, call, fault):
    gcp.faults.add(call, fault, seconds=PATIENCE + 1)
    record = submit(make_plan(making(order, call)), Quiet())
    assert [struck for _, struck in gcp.faults.struck] == [fault]
    assert record.state is State.SUBMITTED
    assert made(gcp) == [record.remote_name]


@pytest.mark.parametrize(
    ("call", "fault"),
    [(call, Fault.ERROR) for call in NEEDED]
    + [(CREATE, fault) for fault in (Fault.THROTTLE, Fault.RESET)],
)
def test_a_fault_that_stays_ends_in_no_job_and_a_clear_error(gcp, order, monkeypatch, call, fault):
    monkeypatch.setattr("fahr_gcp.client._ATTEMPTS", 2)
    gcp.faults.add(call, fault, times=math.inf)
    with pytest.raises(FahrError) as caught:
        submit(make_plan(order), Quiet())
    gcp.faults.clear()
    assert "Google" in str(caught.value)
    assert "Traceback" not in str(caught.value)
    assert "nothing was s" in str(caught.value) or isinstance(caught.value, ServiceError)
    assert made(gcp) == []


def test_each_answer_that_is_late_is_waited_for(gcp, order, monkeypatch):
    monkeypatch.setattr("fahr_gcp.connection._READ", 60)
    gcp.faults.add("*", Fault.SLOW, times=math.inf, seconds=LATE)
    record = submit(make_plan(making(order, *CALLS)), Quiet())
    late = {call for call, _ in gcp.faults.struck}
    gcp.faults.clear()
    assert set(CALLS) <= late
    assert len(gcp.called(CREATE)) == 1
    assert made(gcp) == [record.remote_name]


def test_a_job_whose_answers_are_all_lost_is_sent_once(gcp, order):
    gcp.faults.add(CREATE, Fault.LOST, times=math.inf)
    record = submit(make_plan(order), Quiet())
    assert record.state is State.SUBMITTED
    assert made(gcp) == [record.remote_name]


def test_a_job_that_nobody_can_tell_of_is_never_sent_again(gcp, order, monkeypatch):
    monkeypatch.setattr("fahr_gcp.client._ATTEMPTS", 1)
    gcp.faults.add(CREATE, Fault.LOST, times=math.inf)
    gcp.faults.add("aiplatform:customJobs.list", Fault.ERROR, times=math.inf, skip=2)
    with pytest.raises(ServiceError, match="nobody can tell whether gcp has"):
        submit(make_plan(order), Quiet())
    gcp.faults.clear()
    (name,) = made(gcp)
    (record,), _ = Ledger.at_home().listing(limit=5)
    assert record.state is State.SUBMITTING
    assert record.remote_name == name
