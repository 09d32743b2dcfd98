"""Engines that stop, answers that are lost, containers that others take away."""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from engine_proxy import Proxy, before_engine

if TYPE_CHECKING:
    from collections.abc import Iterator

    from command_line import Fahr


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    """Give a way to the engine that can be cut; a socket's path has to be short."""
    with tempfile.TemporaryDirectory() as folder, before_engine(Path(folder)) as proxy:
        yield proxy


def one_container(fahr: Fahr) -> Any:
    (container,) = fahr.containers()
    return container


def test_an_engine_that_stops_while_a_job_is_followed(fahr: Fahr, proxy: Proxy) -> None:
    fahr.variables["DOCKER_HOST"] = proxy.host
    following = fahr.start("fit", "--train-driver=docker", "-ptask=wait", "--follow")
    assert following.stdout is not None
    while following.stdout.readline() != "ready\n":
        assert following.poll() is None
    proxy.cut()
    _, err = following.communicate(timeout=120)
    assert following.returncode == 3, err
    assert "the engine stopped answering" in " ".join(err.split())
    name = "docker-story-train-1"
    assert fahr("stop", name).status == 3
    proxy.mend()
    assert fahr.job(name)["state"] == "running"
    assert fahr("stop", name).status == 0
    assert fahr("wait", name).status == 1
    assert fahr("logs", name).lines[-2:] == ["ready", "caught SIGTERM"]


def test_an_answer_that_is_lost_makes_no_second_job(fahr: Fahr, proxy: Proxy) -> None:
    proxy.lose = b"/start "
    ran = fahr.fit("write", "--follow", DOCKER_HOST=proxy.host)
    assert ran.status == 0, ran.err
    assert proxy.lost == 1
    assert len(fahr.containers()) == 1
    assert [job["name"] for job in json.loads(fahr("ls", "--json").out)] == ["docker-story-train-1"]


@pytest.mark.parametrize("request_line", [b"/containers/create", b"/archive"])
def test_an_answer_that_is_lost_before_the_start_starts_nothing_twice(
    fahr: Fahr, proxy: Proxy, request_line: bytes
) -> None:
    proxy.lose = request_line
    ran = fahr.fit("write", DOCKER_HOST=proxy.host)
    assert ran.status == 0, ran.err
    assert proxy.lost == 1
    name = ran.out.strip()
    assert fahr("wait", name, "--timeout=120").status == 0, "it was sent in its turn"
    assert len(fahr.containers()) == 1


def test_a_container_that_was_removed_is_said_to_be(fahr: Fahr) -> None:
    name = fahr.sent("wait")
    fahr.until(name, "ready")
    one_container(fahr).remove(force=True)
    job = fahr.job(name)
    assert (job["state"], job["reason"]) == (
        "failed",
        "its container was removed from the engine",
    )
    fetched = fahr("fetch", name)
    assert fetched.status == 2
    assert "was removed, and its output with it" in fetched.told
    assert "was removed, and its log with it" in fahr("logs", name).told


@pytest.mark.parametrize(
    ("how", "state", "reason"),
    [("kill", "failed", "killed from outside of fahr"), ("stop", "stopped", "docker stop")],
)
def test_what_others_do_to_a_container_is_told(
    fahr: Fahr, how: str, state: str, reason: str
) -> None:
    name = fahr.sent("wait")
    fahr.until(name, "ready")
    getattr(one_container(fahr), how)()
    assert fahr("wait", name, "--timeout=60").status == 1
    job = fahr.job(name)
    assert job["state"] == state
    assert reason in job["reason"]


def test_a_stop_at_once_is_not_lost(fahr: Fahr) -> None:
    name = fahr.sent("wait")
    started = time.monotonic()
    assert fahr("stop", name).status == 0
    assert fahr("wait", name, "--timeout=60").status == 1
    assert fahr.job(name)["state"] == "stopped"
    assert time.monotonic() - started < 30, "it was not waited for until its grace was over"


def test_a_job_is_on_the_engine_that_it_was_sent_to(fahr: Fahr, proxy: Proxy) -> None:
    name = fahr.sent("write", DOCKER_HOST=proxy.host)
    # Whatever engine a later command would take, the job's is asked.
    elsewhere = {"DOCKER_HOST": "unix:///nowhere/docker.sock"}
    assert fahr("wait", name, **elsewhere).status == 0
    assert fahr("fetch", "./out", name, **elsewhere).status == 0
    assert (fahr.folder / "out" / "model.txt").read_text() == "model"
