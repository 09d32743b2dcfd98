"""Somebody presses Ctrl-C: the command ends, nothing is half done, and the next one does it."""

from __future__ import annotations

import math
import random
import signal

import pytest
from tests.clouds.faults import Fault

from placed_jobs import ID, left, placed

DRIVER = "--train-driver=gcp"
#: Several parts of a download: they come in pieces of 4 MiB, four at once.
WEIGHTS = random.Random(7).randbytes(30 * 1024**2)
CREATE = "aiplatform:customJobs.create"
#: What a fetch is at when no answer comes any more, and how many of such calls were answered.
MOMENTS = (
    ("oauth2:token", 0),
    ("aiplatform:customJobs.get", 0),
    ("storage:objects.list", 0),
    ("storage:objects.get", 0),
    ("storage:objects.get", 1),
    ("storage:objects.get", 5),
)


def interrupted(process):
    """Press Ctrl-C; give the status and what was printed."""
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=120)
    assert "Traceback" not in errors
    return process.returncode, output


@pytest.mark.parametrize(("call", "answered"), MOMENTS)
def test_a_fetch(reader, gcp, eventually, call, answered):
    placed(gcp, "RUNNING", "SUCCEEDED")
    left(gcp, "model/config.json", b"{}")
    left(gcp, "model/weights.bin", WEIGHTS)
    own = reader.write("out/weights.bin", "somebody's own")
    gcp.faults.add(call, Fault.TIMEOUT, times=math.inf, skip=answered)
    fetch = reader.start("fetch", "./out", ID, DRIVER, "--overwrite")
    eventually(lambda: gcp.faults.struck, timeout=120)
    assert interrupted(fetch) == (130, "")
    assert reader.files() == {"fahr.toml", "out", "out/weights.bin"}
    assert own.read_text() == "somebody's own"
    gcp.faults.clear()
    reader("fetch", "./out", ID, DRIVER, "--overwrite")
    assert own.read_bytes() == WEIGHTS


def test_a_fit_that_is_being_checked(reader, gcp, eventually):
    reader.write("train.py", "print('hello')\n")
    gcp.faults.add("storage:buckets.testIamPermissions", Fault.TIMEOUT, times=math.inf)
    fit = reader.start("fit", "train.py", *reader.drivers)
    eventually(lambda: gcp.faults.struck, timeout=120)
    assert interrupted(fit) == (130, "")
    assert (len(gcp.jobs), reader.jobs()) == (0, {})


def test_a_fit_that_is_being_sent(fahr, gcp, eventually):
    fahr.write("train.py", "print('hello')\n")
    gcp.faults.add(CREATE, Fault.SLOW, times=math.inf)  # it takes effect, and nobody is told
    fit = fahr.start("fit", "train.py", *fahr.drivers)
    eventually(lambda: gcp.faults.struck and len(gcp.jobs), timeout=480)
    assert interrupted(fit) == (130, "")
    gcp.faults.clear()
    (name,) = fahr.jobs()
    eventually(lambda: fahr.job(name)["state"] == "complete", timeout=480)
    assert len(gcp.called(CREATE)) == 1
