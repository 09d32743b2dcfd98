"""Jobs longer than a session."""

import shutil

import pytest
from tests.clouds.kaggle import Limits

from fahr_core.models import State
from fahr_core.paths import cache_folder
from fahr_kaggle.settings import KaggleSettings
from jobs import ended, experiment, fetched, log_of, request_of, sent, session
from test_chain_faults import RELAY

COUNTING = """
import os, time
file = os.path.join(os.environ["FAHR_CHECKPOINT_DIR"], "count")
count = int(open(file).read()) if os.path.exists(file) else 0
open(f"part-from-{count}.txt", "w").close()
while count < 8:
    time.sleep(0.4)
    count += 1
    print("step", count, flush=True)
    open(file + ".new", "w").write(str(count))
    os.replace(file + ".new", file)
"""


def chained(tmp_path, chain=9, seconds=2.5):
    place = experiment(tmp_path, {"train.py": COUNTING})
    return sent(request_of(place, pairs=[f"chain={chain}"], options={"timeout": seconds}))


def test_a_long_job_goes_on_from_its_checkpoints(tmp_path, kaggle):
    ref = chained(tmp_path)
    steps = [line for line in log_of(ref, follow=True) if line.startswith("step")]
    # A session may have been killed between its word and its checkpoint.
    assert [*dict.fromkeys(steps)] == [f"step {n}" for n in range(1, 9)]
    state = ended(ref)
    assert (state.state, state.attempt) == (State.COMPLETE, len(kaggle.sessions))
    assert len(kaggle.sessions) > 1
    files = fetched(ref, tmp_path / "output")
    parts = [path for path in files if path.startswith("part-from-")]
    assert len(parts) == len(kaggle.sessions)
    assert files["fahr-job.log"].count(b"step") == len(steps)


def test_a_chain_is_found_again_from_nothing(tmp_path, kaggle):
    ref = chained(tmp_path)
    ended(ref)
    count = len(kaggle.sessions)
    shutil.rmtree(cache_folder())
    assert ended(ref).state is State.COMPLETE
    assert fetched(ref, tmp_path / "output")["checkpoints/count"] == b"8"
    assert len(kaggle.sessions) == count


def test_a_chain_that_is_too_short_fails_by_its_time(tmp_path, kaggle):
    state = ended(chained(tmp_path, chain=1, seconds=0.6))
    assert (state.state, len(kaggle.sessions)) == (State.FAILED, 2)
    assert "time limit" in state.reason


def test_a_chain_tells_what_is_left_of_the_week_at_its_end(tmp_path, kaggle):
    place = experiment(tmp_path, {"train.py": RELAY})
    state = ended(sent(request_of(place, pairs=["chain=3"], options={"gpu": "any"})))
    assert (state.state, state.attempt) == (State.COMPLETE, 2)
    assert "of 30 GPU hours left this week" in state.detail
    assert len(kaggle.calls_of("GetAcceleratorQuotaStatistics")) == 1


def test_a_chain_waits_for_room(tmp_path, kaggle):
    ref = chained(tmp_path)
    kaggle.wait("anna/train", 1)
    kaggle.limits = Limits(cpu_sessions=0)
    (state,) = session().job_states([ref])
    assert not state.state.final
    kaggle.limits = Limits()
    assert ended(ref).state is State.COMPLETE


def test_a_chain_takes_up_no_other_jobs_checkpoints(tmp_path, kaggle):
    ref = chained(tmp_path)
    kaggle.wait("anna/train", 1)
    other = experiment(tmp_path, {"train.py": "open('checkpoints', 'w').close()"})
    ended(sent(request_of(other)))
    state = ended(ref)
    assert state.state is State.FAILED
    assert "version 2 of anna/train, another job, was pushed meanwhile" in state.reason
    assert len(kaggle.sessions) == 2
    assert "part-from-0.txt" in fetched(ref, tmp_path / "output")


def test_only_a_chain_is_looked_after(tmp_path, kaggle):
    place = experiment(tmp_path, {"train.py": COUNTING})
    assert request_of(place, pairs=["chain=1"]).attended
    assert not request_of(place).attended


@pytest.mark.parametrize(("text", "count"), [("true", 10), ("3", 3), (True, 10), (0, 0), (7, 7)])
def test_a_chain_without_a_number_has_ten_further_sessions(text, count):
    assert KaggleSettings(chain=text).chain == count


def test_a_chain_that_kaggle_refuses_to_go_on_with_says_why(tmp_path, kaggle):
    ref = chained(tmp_path)
    kaggle.wait("anna/train", 1)
    kaggle.limits = Limits(source_bytes=10)
    state = ended(ref)
    assert state.state is State.FAILED
    assert "session 2 was refused" in state.reason
    assert len(kaggle.sessions) == 1


def test_a_lost_answer_begins_no_session_twice(tmp_path, kaggle):
    ref = chained(tmp_path, chain=1)
    kaggle.wait("anna/train", 1)
    kaggle.faults.add("SaveKernel", "lost")
    assert ended(ref).attempt == 2
    assert len(kaggle.sessions) == 2


def test_a_chain_is_stopped_between_two_sessions(tmp_path, kaggle):
    ref = chained(tmp_path)
    kaggle.wait("anna/train", 1)
    driver = session()
    assert driver.stop_job(ref).outcome == "stopped"
    (state,) = driver.job_states([ref])
    assert (state.state, state.reason) == (State.STOPPED, "it was stopped between two sessions")
    assert len(kaggle.sessions) == 1
