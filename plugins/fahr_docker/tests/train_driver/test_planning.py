from __future__ import annotations

import json
import os
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from fahr_core.models import Image, Input
from fahr_docker.train_driver.archive import Owner
from fahr_docker.train_driver.planning import bytes_of, plan
from fahr_docker.train_driver.settings import DockerSettings
from made_jobs import JOB

IMAGE = Image(reference="fahr/exp:code-1", digest="sha256:" + "1" * 64)


def container(**changes: object) -> dict:
    return plan(replace(JOB, **changes), IMAGE).body["container"]


def test_the_image_is_named_by_its_digest() -> None:
    assert container()["Image"] == IMAGE.digest
    assert plan(JOB, Image(reference="local")).body["container"]["Image"] == "local"


def test_the_job_runs_as_the_caller_unless_told_otherwise() -> None:
    assert container()["User"] == f"{os.getuid()}:{os.getgid()}"
    assert container(settings={"user": "12:34"})["User"] == "12:34"


@pytest.mark.parametrize(("user", "has_home"), [("1000", True), ("0", False), ("0:5", False)])
def test_who_is_in_no_passwd_gets_a_home(user: str, has_home: bool) -> None:
    variables = dict(line.split("=") for line in container(settings={"user": user})["Env"])
    assert ("HOME" in variables) is has_home


def test_a_home_of_ones_own_stays() -> None:
    settings = {"user": "1000", "environment": {"HOME": "/data", "FAHR_JOB_FILE": "mine"}}
    variables = container(settings=settings)["Env"]
    assert "HOME=/data" in variables
    assert "FAHR_JOB_FILE=/opt/fahr/job/job.json" in variables


def test_limits_are_as_they_are_set() -> None:
    host = container(settings={"memory": "1.5g", "cpus": 0.5, "shm_size": "64m"})["HostConfig"]
    assert host["Memory"] == host["MemorySwap"] == 3 * 512 * 1024**2
    assert host["NanoCpus"] == 500_000_000
    assert host["ShmSize"] == 64 * 1024**2
    assert "Memory" not in container()["HostConfig"]
    assert "DeviceRequests" not in container()["HostConfig"]


@pytest.mark.parametrize(
    ("devices", "which"), [([], {"Count": -1}), (["0", "GPU-8a"], {"DeviceIDs": ["0", "GPU-8a"]})]
)
def test_gpus_are_all_or_those_that_are_named(devices: list[str], which: dict) -> None:
    host = container(gpu="any", settings={"gpu_devices": devices})["HostConfig"]
    assert host["DeviceRequests"] == [{"Driver": "", "Capabilities": [["gpu"]], **which}]


def test_what_the_launcher_is_told() -> None:
    inputs = (Input(name="digits", location="/home/me/digits"),)
    told = plan(replace(JOB, inputs=inputs, timeout=60.0), IMAGE).body["description"]
    assert told["inputs"] == {"digits": "/opt/fahr/job/inputs/digits"}
    assert (told["timeout"], told["grace"], told["log"]) == (60.0, 30.0, "jsonl")


def test_parameters_are_not_shown_by_the_engine() -> None:
    assert "s3cret" not in json.dumps(container(params={"password": "s3cret"}))


@given(st.integers(0, 10**6), st.sampled_from(["", "k", "M", "g", "T"]), st.sampled_from(["", "b"]))
def test_sizes_that_the_settings_take_are_read(number: int, unit: str, end: str) -> None:
    text = f"{number}{unit}{end}"
    assert DockerSettings(memory=text).memory == text
    assert bytes_of(text) == number * 1024 ** " KMGT".index(unit.upper() or " ")


@pytest.mark.parametrize("text", ["", "much", "-1g", "1 2g", "1e9", "8x"])
def test_other_sizes_are_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        DockerSettings(memory=text)
    with pytest.raises(ValueError, match="is no size"):
        bytes_of(text)


@pytest.mark.parametrize("user", ["me", "1000:staff", "", "1;2", "-1"])
def test_a_user_is_a_number(user: str) -> None:
    with pytest.raises(ValidationError):
        DockerSettings(user=user)


def test_an_owner_without_a_group_has_the_users_number() -> None:
    assert (Owner.read("5"), Owner.read("5:6")) == (Owner(5, 5), Owner(5, 6))
