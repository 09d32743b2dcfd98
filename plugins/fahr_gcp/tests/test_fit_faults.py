"""Each call of a whole ``fit`` and of a ``fetch`` goes wrong in turn: one job, or none and why.

Only the image is made before: what the engine and the registry do when they fail is shown
where images are made.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest
from tests.clouds.faults import Fault

import placed_jobs
from fahr_core.errors import FahrError, ServiceError
from fahr_core.ledger import Ledger
from fahr_core.models import FetchOptions, State
from fahr_core.planning import Order, make_plan
from fahr_core.reporter import Quiet
from fahr_core.session import Session
from fahr_core.submission import submit
from fahr_core.testing.fixtures import no_progress
from fahr_gcp import logs, output, states
from made_jobs import pushed

if TYPE_CHECKING:
    from pathlib import Path

#: Every call that a fit with an input and a secret makes, in no order.
CALLS = (
    "aiplatform:customJobs.create",
    "aiplatform:customJobs.list",
    "artifactregistry:repositories.create",
    "artifactregistry:repositories.get",
    "iam:serviceAccounts.get",
    "iam:serviceAccounts.testIamPermissions",
    "oauth2:token",
    "operations:get",
    "secretmanager:secrets.create",
    "secretmanager:secrets.setIamPolicy",
    "secretmanager:secrets.addVersion",
    "serviceusage:services.batchGet",
    "storage:buckets.get",
    "storage:buckets.testIamPermissions",
    "storage:objects.get",
    "storage:objects.insert",
)
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
#: Every call that looking after a job and fetching makes.
READS = (
    "aiplatform:customJobs.get",
    "logging:entries.list",
    "storage:objects.list",
    "storage:objects.get",
)
#: What goes wrong once; seconds are how long an answer is waited for.
FAULTS = (Fault.TIMEOUT, Fault.ERROR, Fault.THROTTLE, Fault.RESET, Fault.LOST)
PATIENCE = 2


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


def made(cloud) -> list[str]:
    """Give the names of the jobs that the service has and goes on with."""
    return [job.asked["displayName"] for job in cloud.jobs if not job.cancelling]


def test_a_fit_makes_these_calls_and_no_other(gcp, order):
    record = submit(make_plan(order), Quiet())
    assert record.state is State.SUBMITTED
    assert {call.name for call in gcp.called()} == set(CALLS)
    assert made(gcp) == [record.remote_name]


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("call", CALLS)
def test_a_fault_of_a_moment_is_not_noticed(gcp, order, call, fault):
    gcp.faults.add(call, fault, seconds=PATIENCE + 1)
    record = submit(make_plan(order), Quiet())
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


# -- the way home ----------------------------------------------------------------------------


@pytest.fixture
def ended(gcp):
    """Give the reference of a job that has ended and left something."""
    gcp.bucket("models")
    job = placed_jobs.placed(gcp, "RUNNING", "SUCCEEDED")
    gcp.buckets["models"].write(f"runs/{job.number}/model/weights", b"x" * 1000)
    return placed_jobs.ref_of(place=f"gs://models/runs/{job.number}")


def looked_after(ref, folder: Path) -> tuple[State, list[str], list[str]]:
    (state,) = states.job_states([ref])
    lines = [line.text for line in logs.stream_logs(ref, False, None, None)]
    files = output.fetch_output(ref, folder, FetchOptions(), no_progress)
    return state.state, lines, [file.path for file in files]


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("call", READS)
def test_a_fault_on_the_way_home_is_not_noticed(gcp, ended, tmp_path, call, fault):
    gcp.faults.add(call, fault, seconds=PATIENCE + 1)
    state, lines, files = looked_after(ended, tmp_path)
    assert [struck for _, struck in gcp.faults.struck] == [fault]
    assert (state, lines, files) == (State.COMPLETE, [], ["weights"])
    assert (tmp_path / "weights").read_bytes() == b"x" * 1000


@pytest.mark.parametrize("call", READS)
def test_a_fault_that_stays_on_the_way_home_is_told(gcp, ended, tmp_path, monkeypatch, call):
    monkeypatch.setattr("fahr_gcp.client._ATTEMPTS", 2)
    monkeypatch.setattr("fahr_core.ranged.ATTEMPTS", 2)
    gcp.faults.add(call, Fault.ERROR, times=math.inf)
    with pytest.raises(ServiceError, match="Google"):
        looked_after(ended, tmp_path)
