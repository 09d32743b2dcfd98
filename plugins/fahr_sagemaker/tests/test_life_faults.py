"""Each call from the list of jobs to an output at home goes wrong in turn: nothing is noticed.

What comes before, from the checks to the submitted job, is in ``test_fit_faults.py``.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest
from tests.clouds.faults import Fault

from fahr_core import ranged
from fahr_core.errors import FahrError
from fahr_core.models import FetchOptions, State
from fahr_core.testing.fixtures import no_progress
from fahr_sagemaker import logs
from fahr_sagemaker.driver import driver
from placed_jobs import BUCKET, NAME, archive, left, placed, printed, ref_of
from tabled_calls import LIFE

if TYPE_CHECKING:
    from pathlib import Path

    from tests.clouds.aws.training_job import TrainingJob

    from fahr_sagemaker.client import Client

FAULTS = (Fault.TIMEOUT, Fault.ERROR, Fault.THROTTLE, Fault.RESET, Fault.LOST, Fault.BROKEN)
PATIENCE = 2
#: Seconds by which an answer is late that comes in time: the usual patience is a minute.
LATE = 0.2
#: The calls of a fetch alone.
FETCH = ("s3:GetObject", "s3:ListObjectsV2", "sagemaker:DescribeTrainingJob")
SECRET, PARAMETER = "AmazonSageMaker-fahr-digits", "/fahr/digits/TOKEN"
#: The clients that wait no longer; they serve all tests here.
_PATIENT: dict[tuple[object, ...], Client] = {}


@pytest.fixture(autouse=True)
def job(aws, monkeypatch):
    """Give a job that runs, with two lines, an output, and a secret in each of the two places."""
    monkeypatch.setattr("fahr_sagemaker.client._READ", PATIENCE)
    monkeypatch.setattr("fahr_sagemaker.client._SHARED", _PATIENT)
    monkeypatch.setattr(ranged, "LONGEST_PAUSE", 0.01)
    for name in ("_PACE", "_STATE_PACE", "_QUIET", "_LONGEST_PAUSE"):
        monkeypatch.setattr(logs, name, 0.1)
    aws.bucket(BUCKET)
    job = placed(aws, NAME)
    left(aws, "model.tar.gz", archive({"model.bin": b"weights" * 1000}))
    printed(aws, f"{NAME}/algo-1-1", (1, "one"), (2, "two"))
    manager, parameters = (aws.client(name, own=True) for name in ("secretsmanager", "ssm"))
    manager.create_secret(Name=SECRET, SecretString="{}")
    parameters.put_parameter(Name=PARAMETER, Value="x", Type="SecureString")
    return job


def whole_life(job: TrainingJob, folder: Path) -> tuple[object, ...]:
    """List the jobs, stop one, do what comes after its end, and give what was found."""
    named = [each.name for each in driver.list_jobs({})]
    stopped = driver.stop_job(ref_of()).outcome
    job.enter("Stopped", status="Stopped")
    places = (f"secretsmanager:{SECRET}", f"ssm:{PARAMETER.rpartition('/')[0]}")
    states = driver.job_states([ref_of(secrets=place) for place in places])
    lines = [line.text for line in driver.stream_logs(ref_of(), True, None, None)]
    folder.mkdir()
    driver.fetch_output(ref_of(), folder, FetchOptions(), no_progress)
    weights = (folder / "model.bin").read_bytes()
    return named, stopped, [state.state for state in states], lines, weights


FOUND = ([NAME], "stopping", [State.STOPPED] * 2, ["one", "two"], b"weights" * 1000)


def secrets_left(aws):
    """Give the names of the secrets that are still there."""
    manager, parameters = (aws.client(name, own=True) for name in ("secretsmanager", "ssm"))
    secrets = [secret["Name"] for secret in manager.list_secrets()["SecretList"]]
    found = parameters.get_parameters_by_path(Path="/", Recursive=True)["Parameters"]
    return secrets + [parameter["Name"] for parameter in found]


def test_these_calls_are_made_and_no_other(aws, job, tmp_path):
    assert whole_life(job, tmp_path / "out") == FOUND
    assert secrets_left(aws) == []
    assert {call.name for call in aws.called()} == set(LIFE)


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("call", LIFE)
def test_a_fault_of_a_moment_is_not_noticed(aws, job, tmp_path, call, fault):
    aws.faults.add(call, fault, seconds=PATIENCE + 1)
    assert whole_life(job, tmp_path / "out") == FOUND
    assert secrets_left(aws) == []
    assert [struck for _, struck in aws.faults.struck] == [fault]


def test_each_answer_that_is_late_is_waited_for(aws, job, tmp_path, monkeypatch):
    monkeypatch.setattr("fahr_sagemaker.client._READ", 60)
    monkeypatch.setattr("fahr_sagemaker.client._SHARED", {})
    aws.faults.add("*", Fault.SLOW, times=math.inf, seconds=LATE)
    assert whole_life(job, tmp_path / "out") == FOUND
    assert {call for call, _ in aws.faults.struck} == set(LIFE)
    assert [call for call in aws.called() if call.attempt > 1] == []


@pytest.mark.parametrize("call", FETCH)
def test_a_fault_that_stays_ends_a_fetch_with_nothing(aws, tmp_path, monkeypatch, call):
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "2")
    aws.faults.add(call, Fault.ERROR, times=math.inf)
    with pytest.raises(FahrError, match="AWS"):
        driver.fetch_output(ref_of(), tmp_path, FetchOptions(), no_progress)
    assert list(tmp_path.iterdir()) == []
