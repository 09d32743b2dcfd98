from __future__ import annotations

import socket
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest

from fahr_docker.train_driver.checks import _check_gpus, _check_limits, _check_platform
from fahr_docker.train_driver.facts import facts_of
from made_jobs import JOB

if TYPE_CHECKING:
    from fahr_core.models import Job


@dataclass
class Told:
    """An engine, as far as it tells of itself."""

    info: dict[str, Any]
    address: str = "unix:///var/run/docker.sock"
    platform: str = "linux/amd64"
    client: Any = field(init=False)

    def __post_init__(self) -> None:
        told = self.info

        class Api:
            def info(self) -> dict[str, Any]:
                return told

        self.client = type("Client", (), {"api": Api()})

    def is_emulated(self, platform: str) -> bool:
        return platform != self.platform


def job(**changes: Any) -> Job:
    return replace(JOB, **changes)


@pytest.mark.parametrize(
    ("info", "address", "here", "shares"),
    [
        ({"Name": socket.gethostname()}, "unix:///var/run/docker.sock", True, True),
        ({"Name": "docker-desktop"}, "unix:///var/run/docker.sock", False, False),
        ({"Name": socket.gethostname()}, "tcp://127.0.0.1:2375", False, False),
        (
            {"Name": socket.gethostname(), "SecurityOptions": ["name=userns"]},
            "unix:///run/docker.sock",
            True,
            False,
        ),
    ],
)
def test_whether_a_path_means_the_same(info: dict, address: str, here: bool, shares: bool) -> None:
    facts = facts_of(Told(info, address))
    assert (facts.is_here, facts.shares_files) == (here, shares)


@pytest.mark.parametrize(
    ("info", "has_gpus"),
    [
        ({"Runtimes": {"runc": {}}}, False),
        ({"Runtimes": {"runc": {}, "nvidia": {}}}, True),
        ({"DiscoveredDevices": [{"Source": "cdi", "ID": "nvidia.com/gpu=0"}]}, True),
    ],
)
def test_gpus_are_there_by_the_runtime_or_by_cdi(info: dict, has_gpus: bool) -> None:
    engine = Told(info)
    facts = facts_of(engine)
    assert facts.has_gpus is has_gpus
    findings = list(_check_gpus(job(gpu="any"), facts, engine))
    assert [finding.level for finding in findings] == ([] if has_gpus else ["error"])
    assert list(_check_gpus(job(), facts, engine)) == []


def test_a_type_of_gpu_cannot_be_chosen() -> None:
    engine = Told({"Runtimes": {"nvidia": {}}})
    (finding,) = _check_gpus(job(gpu="T4"), facts_of(engine), engine)
    assert (finding.level, "type T4" in finding.message) == ("error", True)


def test_options_are_told_from_their_profiles() -> None:
    facts = facts_of(Told({"SecurityOptions": ["name=seccomp,profile=builtin", "name=rootless"]}))
    assert (facts.is_rootless, facts.maps_users, facts.labels_files) == (True, False, False)
    assert facts_of(Told({"SecurityOptions": ["name=selinux"]})).labels_files


def test_more_than_there_is_is_refused() -> None:
    facts = facts_of(Told({"MemTotal": 4 * 1024**3, "NCPU": 2}))
    asked = job(settings={"memory": "5g", "cpus": 3.0})
    assert [finding.subject for finding in _check_limits(asked, facts)] == ["memory", "cpus"]
    assert list(_check_limits(job(settings={"memory": "4g", "cpus": 2.0}), facts)) == []
    unknown = facts_of(Told({}))
    assert list(_check_limits(asked, unknown)) == []


def test_emulation_is_said() -> None:
    (finding,) = _check_platform(job(), Told({}, platform="linux/arm64"))
    assert (finding.level, "emulated" in finding.message) == ("warning", True)
    assert list(_check_platform(job(), Told({}))) == []
