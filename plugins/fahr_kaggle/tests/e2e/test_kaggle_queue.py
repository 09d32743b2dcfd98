"""More jobs than the service runs at one time: they wait here, and nobody has to watch."""

from __future__ import annotations

import pytest
from tests.conftest import wait_until

GATED = """
import os, time
number = 0
while not os.path.exists("/kaggle/input/gate/open"):
    time.sleep(0.05)
open("number.txt", "w").write(str(number))
"""
GPU = ("--gpu", "-c", "dataset_sources=anna/gate")


def states(fahr):
    return sorted(job["state"] for job in fahr.jobs().values())


@pytest.mark.timeout(900)  # seven jobs, some thirty commands
def test_two_gpu_sessions_run_and_five_jobs_are_queued(fahr, cloud):
    folder = cloud.datasets.put("anna", "gate", {"x": ""}).version().folder
    fahr.write("train.py", GATED)
    names = [fahr.fit("train.py", "-p", f"number={n}", *GPU) for n in range(7)]
    assert len(set(names)) == 7
    wait_until(lambda: len(cloud.sessions) == 2, 120)
    assert states(fahr).count("queued") == 5
    assert {session.work.accelerator for session in cloud.sessions} == {"gpu"}
    (folder / "open").touch()
    assert {fahr.ended(name)["state"] for name in names} == {"complete"}
    assert len(cloud.sessions) == 7
    versions = cloud.kernels["anna/train"].versions
    left = sorted((v.session.output / "number.txt").read_text() for v in versions)
    assert left == [str(number) for number in range(7)]
    assert fahr.fetched(names[4])["number.txt"].read_text() == "4"


def test_a_session_somebody_else_began_takes_room_too(fahr, cloud):
    folder = cloud.datasets.put("anna", "gate", {"x": ""}).version().folder
    fahr.write("train.py", GATED)
    first = fahr.fit("train.py", *GPU)
    other = fahr.folder.parent / "other"
    other.mkdir()
    fahr.folder = other
    fahr.write("second.py", GATED)
    elsewhere = {"FAHR_HOME": str(fahr.home.parent / "another-machine")}
    fahr.fit("second.py", *GPU, env=elsewhere)
    fahr.write("third.py", GATED)
    third = fahr.fit("third.py", *GPU)
    assert fahr.jobs()[third]["state"] in ("queued", "submitting")
    (folder / "open").touch()
    assert {fahr.ended(name)["state"] for name in (first, third)} == {"complete"}
    assert len(cloud.sessions) == 3
