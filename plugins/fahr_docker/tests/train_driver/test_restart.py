"""An engine that crashes and is started again: what it still knows of the jobs that it had."""

from __future__ import annotations

import shutil
import subprocess
import time
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest
from engine_proxy import ENGINE

from fahr_core.models import FetchOptions, Image, JobRef, State, Submitted
from fahr_docker.train_driver.connection import EngineLost
from fahr_docker.train_driver.homecoming import fetch
from fahr_docker.train_driver.jobs import states
from fahr_docker.train_driver.logs import read_log
from fahr_docker.train_driver.planning import plan
from fahr_docker.train_driver.sending import submit
from made_jobs import JOB, Told
from second_engine import SecondEngine, running_engine, small_disk

if TYPE_CHECKING:
    from collections.abc import Callable

    from command_line import Fahr


def loaded(image: str, second: SecondEngine) -> None:
    """Bring an image from the machine's engine to the second one."""
    with subprocess.Popen(
        ["docker", f"--host=unix://{ENGINE}", "save", image], stdout=subprocess.PIPE
    ) as saved:
        load = ["docker", f"--host={second.address}", "load"]
        subprocess.run(load, stdin=saved.stdout, check=True, capture_output=True)


def sent(task: str, image: str) -> JobRef:
    code = replace(JOB.code, run_script="run.sh")
    names = {"run_id": f"{task}234567", "remote_name": f"story-{task}"}
    job = replace(JOB, train_driver="docker", code=code, params={"task": task}, **names)
    answer = submit(plan(job, Image(reference=image, digest=image)))
    assert isinstance(answer, Submitted), answer
    return answer.ref


def until(true: Callable[[], Any]) -> None:
    limit = time.monotonic() + 120
    while not true():
        assert time.monotonic() < limit
        time.sleep(0.1)


def lines(ref: JobRef, *, follow: bool = False) -> list[str]:
    return [line.text for line in read_log(ref, follow=follow, after=None)]


# The SDK does not close a socket that it cannot connect.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_what_an_engine_had_is_known_when_it_is_back(fahr: Fahr, tmp_path: Path) -> None:
    ran = fahr.fit("write", "--follow")
    assert ran.status == 0, ran.err
    image = fahr.containers()[0].image.id
    with TemporaryDirectory(prefix="fahr-") as name, small_disk(Path(name), 1200) as data:
        with running_engine(Path(name), data) as engine:
            loaded(image, engine)
            written, waiting = sent("write", image), sent("wait", image)
            until(lambda: states([written])[0].state is State.COMPLETE)
            until(lambda: "ready" in lines(waiting))
            engine.stop()
            with pytest.raises(EngineLost):
                states([written, waiting])
            with pytest.raises(EngineLost):
                lines(waiting, follow=True)
        Path(name, "pid").unlink()  # left by the one that crashed, as its containerd's
        shutil.rmtree(Path(name, "exec"))
        with running_engine(Path(name), data):
            first, second = states([written, waiting])
            assert (first.state, first.reason) == (State.COMPLETE, None)
            assert second.state is State.FAILED
            assert "the engine or its machine went down" in (second.reason or "")
            assert "ready" in lines(waiting, follow=True)
            fetch(written, tmp_path / "out", FetchOptions(), Told())
            assert (tmp_path / "out" / "model.txt").read_text() == "model"
