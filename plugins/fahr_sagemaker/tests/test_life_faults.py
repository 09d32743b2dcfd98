"""Each call from a job's end to its output at home goes wrong in turn: nothing is noticed.

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
from fahr_sagemaker import driver, logs
from placed_jobs import BUCKET, NAME, archive, left, placed, printed, ref_of

if TYPE_CHECKING:
    from pathlib import Path

    from fahr_sagemaker.client import Client

#: Every call that looking at an ended job, reading its log and fetching it makes, in no order.
CALLS = (
    "logs:DescribeLogStreams",
    "logs:GetLogEvents",
    "s3:GetObject",
    "s3:ListObjectsV2",
    "sagemaker:DescribeTrainingJob",
)
FAULTS = (Fault.TIMEOUT, Fault.ERROR, Fault.THROTTLE, Fault.RESET, Fault.LOST, Fault.BROKEN)
PATIENCE = 2
#: The clients that wait no longer; they serve all tests here.
_PATIENT: dict[tuple[object, ...], Client] = {}


@pytest.fixture(autouse=True)
def job(aws, monkeypatch):
    """Give a job that is complete, with two lines and an output."""
    monkeypatch.setattr("fahr_sagemaker.client._READ", PATIENCE)
    monkeypatch.setattr("fahr_sagemaker.client._SHARED", _PATIENT)
    monkeypatch.setattr(ranged, "LONGEST_PAUSE", 0.01)
    for name in ("_PACE", "_STATE_PACE", "_QUIET", "_LONGEST_PAUSE"):
        monkeypatch.setattr(logs, name, 0.1)
    aws.bucket(BUCKET)
    placed(aws, NAME, "Completed")
    left(aws, "model.tar.gz", archive({"model.bin": b"weights" * 1000}))
    printed(aws, f"{NAME}/algo-1-1", (1, "one"), (2, "two"))
    aws.calls.clear()


def whole_life(folder: Path) -> tuple[State, list[str], bytes]:
    """Do what comes after a job's end, and give what was found."""
    (state,) = driver.job_states([ref_of()])
    lines = [line.text for line in driver.stream_logs(ref_of(), True, None, None)]
    folder.mkdir()
    driver.fetch_output(ref_of(), folder, FetchOptions(), no_progress)
    return state.state, lines, (folder / "model.bin").read_bytes()


FOUND = (State.COMPLETE, ["one", "two"], b"weights" * 1000)


def test_these_calls_are_made_and_no_other(aws, tmp_path):
    assert whole_life(tmp_path / "out") == FOUND
    assert {call.name for call in aws.called()} == set(CALLS)


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("call", CALLS)
def test_a_fault_of_a_moment_is_not_noticed(aws, tmp_path, call, fault):
    aws.faults.add(call, fault, seconds=PATIENCE + 1)
    assert whole_life(tmp_path / "out") == FOUND
    assert [struck for _, struck in aws.faults.struck] == [fault]


@pytest.mark.parametrize("call", [call for call in CALLS if not call.startswith("logs:")])
def test_a_fault_that_stays_is_said(aws, tmp_path, monkeypatch, call):
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "2")
    aws.faults.add(call, Fault.ERROR, times=math.inf)
    with pytest.raises(FahrError, match="AWS"):
        driver.fetch_output(ref_of(), tmp_path, FetchOptions(), no_progress)
    assert list(tmp_path.iterdir()) == []
