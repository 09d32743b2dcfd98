"""Where a job is, and why it ended."""

import re

import pytest
from tests.clouds.kaggle import Limits, Pace

from fahr_core.models import JobRef, State
from fahr_kaggle import seen
from jobs import ended, experiment, request_of, sent, session

WAITING = "import time; print('here', flush=True); time.sleep(600)"


def state_of(ref):
    (state,) = session().job_states([ref])
    return state


def test_each_version_has_its_own_state(tmp_path, kaggle):
    place = experiment(tmp_path, {"train.py": "raise KeyError('label')"})
    failed = sent(request_of(place))
    (place / "train.py").write_text("print(1)")
    complete = sent(request_of(place))
    assert (ended(failed).state, ended(complete).state) == (State.FAILED, State.COMPLETE)
    assert ended(failed).reason.startswith("KeyError: 'label'")
    assert ended(failed).exit_code == 1
    assert ended(complete).started <= ended(complete).ended


def test_a_job_that_waits_is_submitted(tmp_path, kaggle):
    kaggle.pace = Pace(queued_seconds=3600, unseen_calls=3)
    ref = sent(request_of(experiment(tmp_path, {"train.py": "print(1)"})))
    for _ in range(5):
        seen._file(ref).unlink(missing_ok=True)
        assert state_of(ref).state is State.SUBMITTED


def test_a_deleted_kernel_is_told(tmp_path, kaggle):
    ref = sent(request_of(experiment(tmp_path, {"train.py": "print(1)"})))
    kaggle.wait("anna/train")
    kaggle.kernels.delete(kaggle.kernels["anna/train"])
    state = state_of(ref)
    assert (state.state, "deleted?" in state.reason) == (State.FAILED, True)
    assert state_of(JobRef(driver="kaggle", id="no job")).state is State.FAILED


def test_a_session_that_kaggle_ends_has_failed(tmp_path, kaggle):
    kaggle.limits = Limits(session_seconds=1)
    ref = sent(request_of(experiment(tmp_path, {"train.py": WAITING})))
    state = ended(ref)
    assert state.state is State.FAILED
    assert "maximum execution time" in state.reason


def test_a_session_that_is_stopped_on_its_page_has_stopped(tmp_path, kaggle):
    ref = sent(request_of(experiment(tmp_path, {"train.py": WAITING})))
    kaggle.sessions[0].cancel()
    assert ended(ref).state is State.STOPPED


def test_a_time_limit_leaves_time_to_save(tmp_path, kaggle):
    script = (
        "import signal, sys, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: (open('saved', 'w').close(), sys.exit()))\n"
        "time.sleep(600)"
    )
    place = experiment(tmp_path, {"train.py": script})
    ref = sent(request_of(place, options={"timeout": 2.0}))
    assert ended(ref).reason == "time limit of 2 s reached"
    assert (kaggle.sessions[0].output / "saved").exists()
    assert kaggle.kernels["anna/train"].versions[0].asked["sessionTimeoutSeconds"] == 902


def test_what_was_granted_is_said(tmp_path, kaggle):
    place = experiment(tmp_path, {"train.py": "print(1)"})
    ref = sent(request_of(place, options={"gpu": "any"}))
    assert ended(ref).where == "GPU T4 x2"
    other = sent(request_of(place, pairs=["machine_shape=NvidiaL4"]))
    kaggle.kernels["anna/train"].versions[1].machine_shape = "NvidiaTeslaT4"
    assert ended(other).where == "GPU T4 x2 (asked for NvidiaL4)"


def test_a_job_without_its_gpu_fails(tmp_path, kaggle):
    place = experiment(tmp_path, {"train.py": "print('on the CPU')"})
    request = request_of(place, options={"gpu": "any"})
    push = {**request.body["push"], "enableGpu": False}
    push.pop("machineShape")
    from dataclasses import replace

    ref = sent(replace(request, body={**request.body, "push": push}))
    assert "GPU" in ended(ref).reason


QUOTA = "GetAcceleratorQuotaStatistics"


def test_what_is_left_of_the_week_is_told_at_the_end(tmp_path, kaggle):
    kaggle.me.gpu_used = 9.25 * 3600
    place = experiment(tmp_path, {"train.py": "print(1)"})
    ref = sent(request_of(place, options={"gpu": "any"}))
    told = ended(ref).detail
    assert re.fullmatch(
        r"20\.[78] of 30 GPU hours left this week, \d{4}-\d\d-\d\d \d\d:\d\d UTC", told
    )
    assert state_of(ref).detail == told
    assert len(kaggle.calls_of(QUOTA)) == 1
    tpu = sent(request_of(place, pairs=["enable_tpu=true"]))
    assert ended(tpu).detail.startswith("20 of 20 TPU hours left this week")


def test_a_processor_takes_nothing_of_the_week(tmp_path, kaggle):
    ref = sent(request_of(experiment(tmp_path, {"train.py": "print(1)"})))
    assert ended(ref).detail is None
    assert kaggle.calls_of(QUOTA) == []


@pytest.mark.parametrize("kind", ["cut", "slow", "limited", "broken", "lost", "torn", "silent"])
def test_a_quota_that_is_not_told_harms_nothing(tmp_path, kaggle, impatient, kind):
    place = experiment(tmp_path, {"train.py": "print(1)"})
    ref = sent(request_of(place, options={"gpu": "any"}))
    kaggle.wait("anna/train")
    kaggle.faults.add(QUOTA, kind, times=9, seconds=0.2)
    state = ended(ref)
    assert (state.state, state.reason) == (State.COMPLETE, None)
    assert (state.detail is not None) is (kind == "slow")
    assert len(kaggle.calls_of(QUOTA)) == 1


def test_commands_share_their_questions(tmp_path, kaggle, monkeypatch):
    monkeypatch.setattr(seen, "_HOLDS", 60.0)
    ref = sent(request_of(experiment(tmp_path, {"train.py": WAITING})))
    states = [state_of(ref) for _ in range(5)]
    assert len(kaggle.calls_of("GetKernelSessionStatus")) == 1
    assert len({state.seen for state in states}) == 1


def test_an_end_is_asked_for_once(tmp_path, kaggle):
    ref = sent(request_of(experiment(tmp_path, {"train.py": "print(1)"})))
    state = ended(ref)
    before = len(kaggle.calls)
    assert state_of(ref) == state
    assert len(kaggle.calls) == before


@pytest.mark.parametrize("content", [b"", b"{", b"[]"])
def test_a_damaged_note_is_asked_for_again(tmp_path, kaggle, content):
    ref = sent(request_of(experiment(tmp_path, {"train.py": "print(1)"})))
    ended(ref)
    seen._file(ref).write_bytes(content)
    assert state_of(ref).state is State.COMPLETE
