"""Somebody presses Ctrl-C: the command ends at once, and nothing is half done."""

from __future__ import annotations

import signal
import time

import pytest
from tests.conftest import wait_until


def interrupted(process, seconds=25):
    """Press Ctrl-C and give the status and what was said, which must not take the server's time."""
    process.send_signal(signal.SIGINT)
    begun = time.monotonic()
    output, errors = process.communicate(timeout=120)
    assert time.monotonic() - begun < seconds, errors
    assert "Traceback" not in errors
    return process.returncode, output, errors


def test_a_fetch_from_a_silent_server(fahr, cloud):
    fahr.write("train.py", "for n in range(9): open(f'{n}.bin', 'w').write('x' * 999)\n")
    name, _ = fahr.sent("train.py")
    fahr.ended(name)
    cloud.faults.add("Download", "silent", times=99, after=2)
    fetch = fahr.start("fetch", name)
    wait_until(lambda: len(cloud.calls_of("Download")) > 3, 60)
    status, output, _ = interrupted(fetch)
    assert (status, output) == (130, "")
    assert not (fahr.folder / name).exists()
    assert [path for path in fahr.folder.iterdir() if path.name.startswith(".fahr-fetch")] == []


@pytest.mark.parametrize("call", ["GetKernel", "SaveKernel"])
def test_a_job_that_is_being_sent(fahr, cloud, call):
    fahr.write("train.py", "print('done')\n")
    cloud.faults.add(call, "silent" if call == "GetKernel" else "lost", times=9)
    fit = fahr.start("fit", "train.py", "--train-driver=kaggle")
    wait_until(lambda: cloud.calls_of(call), 60)
    status, output, _ = interrupted(fit)
    assert (status, output) == (130, "")
    cloud.faults.clear()
    if call == "GetKernel":
        assert fahr.jobs() == {}
        assert cloud.sessions == []
    else:
        # It was sent: the next command finds it, and nobody sends it again.
        wait_until(lambda: [job["state"] for job in fahr.jobs().values()] == ["submitted"], 60)
        assert len(cloud.sessions) == 1
