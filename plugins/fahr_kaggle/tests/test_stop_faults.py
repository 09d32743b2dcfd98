"""Every call by which a job is stopped goes wrong in turn."""

from __future__ import annotations

import pytest
from tests.conftest import wait_until

from calls import KINDS, STOP
from fahr_core.models import State
from jobs import ended, experiment, patiently, request_of, sent, session

CALLS = ("GetKernelSessionStatus", *STOP)
WAITING = "import time; print('first', flush=True); time.sleep(600)\n"


@pytest.fixture(autouse=True)
def soon(impatient):
    """Wait less than for the real service."""


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("chain", [0, 3], ids=["job", "chain"])
def test_a_job_is_stopped_all_the_same(tmp_path, kaggle, chain, call, kind):
    place = experiment(tmp_path, {"train.py": WAITING})
    ref = sent(request_of(place, pairs=[f"chain={chain}"]))
    wait_until(lambda: "first" in kaggle.sessions[0].log.text, 60)
    kaggle.faults.add(call, kind, seconds=0.2)
    result = patiently(lambda: session().stop_job(ref))
    assert result.outcome in ("stopping", "stopped")
    assert kaggle.sessions[0].wait() == "CANCEL_ACKNOWLEDGED"
    assert ended(ref).state is State.STOPPED
    assert kaggle.faults.left == 0
    assert len(kaggle.sessions) == 1
