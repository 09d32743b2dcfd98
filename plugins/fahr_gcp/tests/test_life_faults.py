"""Each call from the list of jobs to an output at home goes wrong in turn: nothing is noticed.

What comes before, from the checks to the submitted job, is in ``test_fit_faults.py``.
"""

from __future__ import annotations

import math
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from tests.clouds.faults import Fault
from tests.clouds.gcp.cloud import PROJECT, REGION

from fahr_core.errors import FahrError
from fahr_core.models import FetchOptions, State
from fahr_core.testing.fixtures import no_progress
from fahr_gcp import logs
from fahr_gcp.client import Client
from fahr_gcp.driver import driver
from placed_jobs import BUCKET, ID, left, placed, printed, ref_of
from tabled_calls import LIFE

if TYPE_CHECKING:
    from pathlib import Path

    from tests.clouds.gcp.custom_job import CustomJob

FAULTS = (Fault.TIMEOUT, Fault.ERROR, Fault.THROTTLE, Fault.RESET, Fault.LOST, Fault.BROKEN)
PATIENCE = 2
#: Seconds by which an answer is late that comes in time: the usual patience is a minute.
LATE = 0.2
#: The calls of a fetch alone.
FETCH = ("aiplatform:customJobs.get", "storage:objects.get", "storage:objects.list")
SETTINGS = {"project": PROJECT, "region": REGION}
SECRET = "fahr-digits"  # its name
REF = ref_of(place=f"gs://{BUCKET}/runs/{ID}", secrets=f"projects/{PROJECT}/secrets/{SECRET}")


@pytest.fixture(autouse=True)
def job(gcp, monkeypatch):
    """Give a job that runs, with two lines, an output and a secret."""
    monkeypatch.setattr("fahr_gcp.connection._READ", PATIENCE)
    monkeypatch.setattr("fahr_gcp.client._LONGEST_PAUSE", 0.05)
    monkeypatch.setattr("fahr_core.ranged.LONGEST_PAUSE", 0.01)
    for name in ("_PACE", "_STATE_PACE", "_QUIET", "_LONGEST_PAUSE"):
        monkeypatch.setattr(logs, name, 0.1)
    job = placed(gcp)
    left(gcp, "model/weights", b"weights" * 1000)
    printed(gcp, (1, "one"), (2, "two"))
    with closing(Client(PROJECT, REGION)) as client:
        path = f"v1/projects/{PROJECT}/secrets"
        replication = {"replication": {"automatic": {}}}
        client.call("secretmanager", "POST", path, {"secretId": SECRET}, replication)
    gcp.calls.clear()
    return job


def whole_life(job: CustomJob, folder: Path) -> tuple[object, ...]:
    """List the jobs, stop one, do what comes after its end, and give what was found."""
    named = [each.name for each in driver.list_jobs(SETTINGS)]
    stopped = driver.stop_job(REF).outcome
    job.enter("CANCELLED")
    (state,) = driver.job_states([REF])
    lines = [line.text for line in driver.stream_logs(REF, True, None, None)]
    folder.mkdir()
    driver.fetch_output(REF, folder, FetchOptions(), no_progress)
    return named, stopped, state.state, lines, (folder / "weights").read_bytes()


FOUND = ([f"digits-{ID}/{ID}"], "stopping", State.STOPPED, ["one", "two"], b"weights" * 1000)


def test_these_calls_are_made_and_no_other(gcp, job, tmp_path):
    assert whole_life(job, tmp_path / "out") == FOUND
    assert list(gcp.secrets) == []
    assert {call.name for call in gcp.called()} == {*LIFE, "oauth2:token"}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("call", LIFE)
def test_a_fault_of_a_moment_is_not_noticed(gcp, job, tmp_path, call, fault):
    gcp.faults.add(call, fault, seconds=PATIENCE + 1)
    assert whole_life(job, tmp_path / "out") == FOUND
    assert list(gcp.secrets) == []
    assert [struck for _, struck in gcp.faults.struck] == [fault]


def test_each_answer_that_is_late_is_waited_for(gcp, job, tmp_path, monkeypatch):
    monkeypatch.setattr("fahr_gcp.connection._READ", 60)
    gcp.faults.add("*", Fault.SLOW, times=math.inf, seconds=LATE)
    assert whole_life(job, tmp_path / "out") == FOUND
    assert {call for call, _ in gcp.faults.struck} >= set(LIFE)


@pytest.mark.parametrize("fault", [Fault.ERROR, Fault.TIMEOUT])
@pytest.mark.parametrize("call", FETCH)
def test_a_fault_that_stays_is_said(gcp, tmp_path, monkeypatch, call, fault):
    monkeypatch.setattr("fahr_gcp.client._ATTEMPTS", 2)
    monkeypatch.setattr("fahr_core.ranged.ATTEMPTS", 2)
    gcp.faults.add(call, fault, times=math.inf)
    with pytest.raises(FahrError, match="Google"):
        driver.fetch_output(REF, tmp_path, FetchOptions(), no_progress)
