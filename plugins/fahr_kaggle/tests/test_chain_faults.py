"""Every call of a chain's own goes wrong in turn: no session twice, no output lost."""

from __future__ import annotations

import shutil

import pytest

from calls import KINDS
from fahr_core.models import State
from fahr_core.paths import cache_folder
from fahr_kaggle import chain, chain_notes
from fahr_kaggle.driver import driver
from jobs import ended, experiment, fetched, log_of, patiently, request_of, sent

#: Between two sessions, and what of it is asked again when the output is fetched.
CALLS = ("GetKernelSessionStatus", "ListKernelSessionOutput", "Download", "GetKernel", "SaveKernel")
FETCHING = ("GetKernel", "ListKernelSessionOutput", "Download")

#: Ends as the launcher ends a script whose time is over, but for the last time.
RELAY = """
import os
file = os.path.join(os.environ["FAHR_CHECKPOINT_DIR"], "count")
count = int(open(file).read()) + 1 if os.path.exists(file) else 1
open(file, "w").write(str(count))
open(f"part-{count}.bin", "wb").write(bytes(range(256)) * 400)
print("session", count)
raise SystemExit(124 if count < 2 else 0)
"""


@pytest.fixture(autouse=True)
def soon(impatient, monkeypatch):
    """Look for a push whose answer was lost less long than for the real service's."""
    monkeypatch.setattr(chain, "_LATE", (0.05, 0.1))
    monkeypatch.setattr(chain_notes, "_MAY_ARRIVE", 0.5)


@pytest.fixture
def first_session(tmp_path, kaggle):
    """Give a chain whose first session has ended."""
    place = experiment(tmp_path, {"train.py": RELAY})
    ref = sent(request_of(place, pairs=["chain=3"]))
    kaggle.wait("anna/train", 1)
    kaggle.kernels["anna/train"].unseen = 0
    return ref


def parts(kaggle):
    """Give which session of the chain each version is."""
    texts = [session.work.text for session in kaggle.sessions]
    return [chain.read_header(text).part for text in texts]


def said(lines):
    """Give the script's own lines."""
    return [line for line in lines if line.startswith("session")]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("call", CALLS)
def test_the_next_session_begins_once(first_session, tmp_path, kaggle, call, kind):
    kaggle.faults.add(call, kind, seconds=0.2)
    state = patiently(lambda: ended(first_session))
    assert (state.state, state.attempt, parts(kaggle)) == (State.COMPLETE, 2, [0, 1])
    assert kaggle.faults.left == 0
    files = fetched(first_session, tmp_path / "output")
    assert files["part-1.bin"] == files["part-2.bin"] == bytes(range(256)) * 400


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("call", FETCHING)
def test_the_output_of_all_sessions_is_fetched(first_session, tmp_path, kaggle, call, kind):
    ended(first_session)
    shutil.rmtree(cache_folder())  # its sessions have to be asked for
    kaggle.faults.add(call, kind, seconds=0.2)
    files = patiently(lambda: fetched(first_session, tmp_path / "output"))
    assert files["part-1.bin"] == files["part-2.bin"] == bytes(range(256)) * 400
    assert said(files["fahr-job.log"].decode().splitlines()) == ["session 1", "session 2"]
    assert kaggle.faults.left == 0
    assert parts(kaggle) == [0, 1]


@pytest.mark.parametrize("kind", KINDS)
def test_the_log_of_all_sessions_is_read(first_session, kaggle, kind):
    ended(first_session)
    kaggle.faults.add("LogStream", kind, seconds=0.2)
    lines = patiently(lambda: log_of(first_session, follow=True))
    assert said(lines) == ["session 1", "session 2"]
    assert kaggle.faults.left == 0


def test_a_push_that_may_still_arrive_has_no_second_beside_it(first_session, kaggle, monkeypatch):
    monkeypatch.setattr(chain_notes, "_MAY_ARRIVE", 3600.0)
    kaggle.faults.add("SaveKernel", "cut")
    for _ in range(3):
        (state,) = driver.job_states([first_session])
        assert state.state is State.RUNNING
    assert len(kaggle.calls_of("SaveKernel")) == 2  # the first session's, and the one that was cut
    monkeypatch.setattr(chain_notes, "_MAY_ARRIVE", 0.0)
    assert ended(first_session).state is State.COMPLETE
    assert parts(kaggle) == [0, 1]
