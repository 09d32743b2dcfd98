from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from fahr_core.errors import UsageError
from fahr_docker.engine import finding
from fahr_docker.engine.finding import find_buildx, find_engine
from fahr_docker.engine.local import Engine


@pytest.fixture(autouse=True)
def unnamed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    monkeypatch.delenv("DOCKER_CONTEXT", raising=False)


@pytest.fixture
def context(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the context "elsewhere", whose engine is not there, the current one."""
    from docker.context import ContextAPI

    monkeypatch.setenv("DOCKER_CONFIG", str(Path.home() / ".docker"))
    Path.home().joinpath(".docker").mkdir()
    config = Path.home() / ".docker" / "config.json"
    config.write_text("{}")
    ContextAPI.create_context("elsewhere", host="unix:///nowhere/context.sock")
    config.write_text(json.dumps({"currentContext": "elsewhere"}))


def engine_of(version: dict) -> Engine:
    return Engine(client=None, version=version, address="unix:///x", variables={})


def test_docker_host_is_honoured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/host.sock")
    with pytest.raises(
        UsageError, match=r"no Docker engine answers \(unix:///nowhere/host\.sock\)"
    ):
        find_engine()


def test_an_address_where_nobody_listens_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    with pytest.raises(UsageError, match=r"tcp://127\.0\.0\.1:1"):
        find_engine()


def test_the_current_context_is_honoured(context: None) -> None:
    with pytest.raises(UsageError, match=r"unix:///nowhere/context\.sock"):
        find_engine()


def test_a_context_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_CONTEXT", "gone")
    with pytest.raises(UsageError, match="gone"):
        find_engine()


def test_podmans_socket_is_tried_where_nothing_else_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "podman").mkdir()
    (tmp_path / "podman" / "podman.sock").touch()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    hosts = [variables.get("DOCKER_HOST") for variables in finding._candidates(os.environ)]
    assert hosts[:2] == [None, f"unix://{tmp_path}/podman/podman.sock"]
    monkeypatch.setenv("DOCKER_HOST", "unix:///own.sock")
    assert len(list(finding._candidates(os.environ))) == 1


def test_podman_is_told_from_docker() -> None:
    podman = engine_of({"Components": [{"Name": "Podman Engine"}], "Arch": "amd64", "Os": "linux"})
    docker = engine_of({"Components": [{"Name": "Engine"}], "Arch": "aarch64", "Os": "linux"})
    assert (podman.is_podman, podman.has_buildx(), podman.takes_buildkit()) == (True, False, True)
    assert (docker.is_podman, docker.platform) == (False, "linux/arm64")


def test_another_processor_is_emulated() -> None:
    engine = engine_of({"Arch": "aarch64", "Os": "linux"})
    assert engine.is_emulated("linux/amd64")
    assert not engine.is_emulated("linux/arm64/v8")


def test_buildx_is_a_command_that_answers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "docker-buildx"
    program.write_text("#!/bin/sh\nexit 0\n")
    program.chmod(0o755)
    broken = tmp_path / "docker"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}/bin")
    find_buildx.cache_clear()
    try:
        assert find_buildx() == ("docker-buildx",)
    finally:
        find_buildx.cache_clear()


def test_the_real_engine_is_found(engine: Engine) -> None:
    with find_engine() as found:
        assert found.version == engine.version
        assert found.find("fahr/no-such-image:at-all") is None
