from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from fahr_core.local import driver, jobs
from fahr_core.local.jobs import job_folder, observe, start
from fahr_core.models import Absent, Capability, Found, JobRef, Refused, State, Submitted
from fahr_core.testing.fixtures import no_progress
from tests.local.staged import request_of, staged

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from tests.conftest import Eventually


def test_what_it_can_do() -> None:
    info = driver.train_info()
    assert Capability.IMAGE not in info.capabilities
    assert Capability.NODES not in info.capabilities
    assert {Capability.STOP, Capability.LIVE_LOGS, Capability.SECRETS} <= info.capabilities
    assert driver.render_artifacts().files == ()


def test_the_request_is_all_that_the_job_needs(tmp_path: Path) -> None:
    pairs = ["grace=2.5", "jobs_at_once=3", 'environment={"A": "1"}']
    request = request_of(tmp_path, "EPOCHS = 1\n", pairs=pairs, params={"EPOCHS": 2})
    assert request.body == {
        "name": request.name,
        "artifact": "train.py",
        "kind": "script",
        "code": request.job.code.digest,
        "lock": None,
        "params": {"EPOCHS": 2},
        "inputs": {},
        "secrets": [],
        "timeout": None,
        "gpu": None,
        "environment": {"A": "1"},
        "grace": 2.5,
    }
    assert request.lane
    assert (request.lane.name, request.lane.limit) == ("local", 3)
    assert not job_folder(request.run_id).path.exists()  # a plan makes nothing


def test_as_many_jobs_at_once_as_there_are_cores(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 7)
    request = request_of(tmp_path, "")
    assert request.lane
    assert request.lane.limit == 7


def test_a_job_that_is_given_up_leaves_no_secrets(tmp_path: Path) -> None:
    request = request_of(tmp_path, "")
    driver.stage_request(request, {"A": "s3cret"}, no_progress)
    assert jobs.job_folder(request.run_id).secrets.exists()
    for _ in range(2):
        driver.unstage_request(request)
        assert not jobs.job_folder(request.run_id).secrets.exists()


def test_a_job_from_its_request_to_its_output(tmp_path: Path, eventually: Eventually) -> None:
    request = request_of(tmp_path, "open('model.txt', 'w').write('42'); print('done')\n")
    assert driver.stage_request(request, {"A": "1"}, no_progress).secrets == ("A",)
    (answer,) = driver.submit_jobs([request])
    assert answer == Submitted(ref=JobRef(driver="local", id=request.run_id))
    ref = answer.ref
    assert driver.find_submission(request) == Found(ref=ref)
    eventually(lambda: driver.job_states([ref])[0].state is State.COMPLETE)
    assert [line.text for line in driver.stream_logs(ref, False, None)] == ["done"]
    from fahr_core.models import FetchOptions

    files = driver.fetch_output(ref, tmp_path / "out", FetchOptions(), no_progress)
    assert "model.txt" in [file.path for file in files]
    assert driver.stop_job(ref).outcome == "ended"
    assert driver.submit_jobs([request]) == [answer]  # once more starts nothing
    assert driver.find_submission(request) == Found(ref=ref)


def test_a_job_that_was_not_staged_is_refused(tmp_path: Path) -> None:
    (answer,) = driver.submit_jobs([request_of(tmp_path, "")])
    assert isinstance(answer, Refused)
    assert "No such file" in answer.reason
    assert not answer.busy


def test_a_job_whose_process_does_not_begin_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = request_of(tmp_path, "")
    driver.stage_request(request, {}, no_progress)

    def spawn(*arguments: Any) -> None:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(jobs, "_spawn", spawn)
    (answer,) = driver.submit_jobs([request])
    assert isinstance(answer, Refused)
    assert "Resource temporarily unavailable" in answer.reason


def test_a_job_that_was_found_absent_cannot_start_any_more(tmp_path: Path) -> None:
    request = request_of(tmp_path, "")
    driver.stage_request(request, {}, no_progress)
    folder = job_folder(request.run_id)
    folder.announce("a")
    assert driver.find_submission(request) == Absent(reason="no process has started")
    assert not folder.take_claim("a")
    (answer,) = driver.submit_jobs([request])  # it may be sent again
    assert isinstance(answer, Submitted)


def test_a_job_runs_in_the_background(tmp_path: Path, eventually: Eventually) -> None:
    ref, folder = staged(
        tmp_path, "import os, sys\nprint(os.getsid(0), os.getppid(), sys.stdin.read())\n"
    )
    assert start(folder) is None
    eventually(lambda: observe(ref).state is State.COMPLETE)
    (line,) = driver.stream_logs(ref, False, None)
    session, parent = map(int, line.text.split())
    assert session != os.getsid(0)
    assert parent == folder.read_state()["pid"]
