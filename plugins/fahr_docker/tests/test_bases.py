from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from fahr_core.errors import UsageError
from fahr_core.models import Code, Environment, Job, Package
from fahr_docker.bases import choose_base, choose_cuda

DAY = date(2026, 11, 23)
JOB = Job(
    name="a-1",
    run_id="r",
    remote_name="a-1",
    experiment="/nowhere",
    artifact="train.py",
    kind="script",
    train_driver="docker",
    code=Code(digest="sha256:0", files=1, size=1),
    environment=Environment(),
)


def environment(**packages: str) -> Environment:
    pinned = [Package(name=name.replace("_", "-"), version=v) for name, v in packages.items()]
    return Environment(kind="requirements", lock="sha256:1", packages=tuple(pinned))


def cuda(settings: dict | None = None, **packages: str) -> str:
    return choose_cuda(environment(**packages), settings or {}, DAY).reference


# Every row of the table, and the versions at its ends.
@pytest.mark.parametrize(
    ("framework", "version", "tag"),
    [
        ("torch", "2.0.1", "11.7.1-cudnn8-runtime-ubuntu22.04"),
        ("torch", "2.1.2", "12.1.1-cudnn8-runtime-ubuntu22.04"),
        ("torch", "2.3.1", "12.1.1-cudnn8-runtime-ubuntu22.04"),
        ("torch", "2.4.1", "12.1.1-cudnn8-runtime-ubuntu22.04"),
        ("torch", "2.5.1", "12.4.1-cudnn-runtime-ubuntu22.04"),
        ("torch", "2.6.0", "12.4.1-cudnn-runtime-ubuntu22.04"),
        ("torch", "2.7.1", "12.6.3-cudnn-runtime-ubuntu22.04"),
        ("torch", "2.8.0", "12.8.1-cudnn-runtime-ubuntu22.04"),
        ("torch", "2.10.0", "12.8.1-cudnn-runtime-ubuntu22.04"),
        ("torch", "2.11.0", "13.0.3-cudnn-runtime-ubuntu22.04"),
        ("torch", "2.14.1", "13.0.3-cudnn-runtime-ubuntu22.04"),
        ("torch", "2.15.0", "13.2.1-cudnn-runtime-ubuntu22.04"),
        ("tensorflow", "2.15.1", "12.2.2-cudnn8-runtime-ubuntu22.04"),
        ("tensorflow", "2.16.2", "12.3.2-cudnn9-runtime-ubuntu22.04"),
        ("tensorflow", "2.17.1", "12.3.2-cudnn9-runtime-ubuntu22.04"),
        ("tensorflow", "2.18.1", "12.5.1-cudnn-runtime-ubuntu22.04"),
        ("tensorflow", "2.19.1", "12.5.1-cudnn-runtime-ubuntu22.04"),
        ("tensorflow", "2.20.0", "12.9.1-cudnn-runtime-ubuntu22.04"),
        ("tensorflow", "2.21.0", "12.9.1-cudnn-runtime-ubuntu22.04"),
        ("jax", "0.7.0", "12.9.1-cudnn-runtime-ubuntu22.04"),
    ],
)
def test_without_nvidias_packages_the_table_decides(framework: str, version: str, tag: str) -> None:
    assert cuda(**{framework: version}) == f"nvidia/cuda:{tag}"


@pytest.mark.parametrize(
    ("packages", "tag"),
    [
        # What the wheels of those versions pin.
        ({"torch": "2.0.1", "nvidia_cuda_runtime_cu11": "11.7.99"}, "11.7.1-base-ubuntu22.04"),
        ({"torch": "2.3.1", "nvidia_cuda_runtime_cu12": "12.1.105"}, "12.1.1-base-ubuntu22.04"),
        ({"torch": "2.6.0", "nvidia_cuda_runtime_cu12": "12.4.127"}, "12.4.1-base-ubuntu22.04"),
        ({"torch": "2.7.1", "nvidia_cuda_runtime_cu12": "12.6.77"}, "12.6.3-base-ubuntu22.04"),
        ({"torch": "2.9.0", "nvidia_cuda_runtime_cu12": "12.8.90"}, "12.8.1-base-ubuntu22.04"),
        ({"torch": "2.12.0", "nvidia_cuda_runtime": "13.0.96"}, "13.0.3-base-ubuntu22.04"),
        ({"torch": "2.15.0", "nvidia_cuda_runtime": "13.2.7"}, "13.2.1-base-ubuntu22.04"),
        (
            {"tensorflow": "2.19.1", "nvidia_cuda_runtime_cu12": "12.5.82"},
            "12.5.1-base-ubuntu22.04",
        ),
        ({"jax": "0.8.0", "nvidia_cuda_runtime": "13.1.80"}, "13.0.3-base-ubuntu22.04"),
    ],
)
def test_what_the_lock_pins_comes_before_the_table(packages: dict[str, str], tag: str) -> None:
    assert cuda(**packages) == f"nvidia/cuda:{tag}"


def test_the_reason_names_what_was_found() -> None:
    pins = {"nvidia_cuda_runtime_cu12": "12.4.127", "nvidia_cudnn_cu12": "9.1.0.70"}
    found = choose_cuda(environment(torch="2.5.1", **pins), {}, DAY)
    assert found.reason == (
        "CUDA 12.4: the lock has nvidia-cuda-runtime-cu12 12.4.127, cuDNN 9.1.0.70"
    )
    assert found.warnings == ()


def test_what_compiles_kernels_gets_nvcc() -> None:
    pins = {"torch": "2.6.0", "nvidia_cuda_runtime_cu12": "12.4.127"}
    assert cuda({"nvcc": True}, **pins) == "nvidia/cuda:12.4.1-cudnn-devel-ubuntu22.04"


def test_settings_come_before_the_lock() -> None:
    pins = {"torch": "2.6.0", "nvidia_cuda_runtime_cu12": "12.4.127"}
    assert cuda({"cuda": "12.8"}, **pins) == "nvidia/cuda:12.8.1-base-ubuntu22.04"
    assert cuda({"cuda": "12.6.2"}, **pins) == "nvidia/cuda:12.6.2-base-ubuntu22.04"
    assert cuda({"cuda": "11.8"}) == "nvidia/cuda:11.8.0-cudnn8-runtime-ubuntu22.04"


def test_a_version_that_has_no_image_is_refused_when_a_person_names_it() -> None:
    with pytest.raises(UsageError, match=r"no image for CUDA 10\.2.*13\.2"):
        cuda({"cuda": "10.2"})


@pytest.mark.parametrize(
    ("runtime", "tag"),
    [("12.7.10", "12.6.3"), ("12.0.76", "12.1.1"), ("14.1.2", "13.2.1"), ("13.9.1", "13.2.1")],
)
def test_a_version_without_image_gets_the_nearest_and_a_warning(runtime: str, tag: str) -> None:
    found = choose_cuda(environment(nvidia_cuda_runtime=runtime), {}, DAY)
    assert found.reference == f"nvidia/cuda:{tag}-base-ubuntu22.04"
    assert len(found.warnings) == 1
    assert runtime.rpartition(".")[0] in found.warnings[0]


def test_a_framework_newer_than_the_table_warns_and_fails_nothing() -> None:
    found = choose_cuda(environment(torch="2.19.0"), {}, DAY)
    assert found.reference == "nvidia/cuda:13.2.1-cudnn-runtime-ubuntu22.04"
    assert "newer than the table" in found.warnings[0]


def test_a_framework_older_than_the_table_warns_too() -> None:
    found = choose_cuda(environment(torch="1.13.1"), {}, DAY)
    assert "older than the table" in found.warnings[0]


def test_an_old_table_says_so() -> None:
    found = choose_cuda(environment(torch="2.6.0"), {}, date(2029, 1, 1))
    assert found.reference.startswith("nvidia/cuda:12.4.1-")
    assert "upgrade fahr-docker" in found.warnings[0]


def test_nothing_known_is_a_version_that_most_drivers_run() -> None:
    found = choose_cuda(environment(numpy="2.1.0"), {}, DAY)
    assert (found.reference, found.driver) == (
        "nvidia/cuda:12.4.1-cudnn-runtime-ubuntu22.04",
        525,
    )


@pytest.mark.parametrize(("version", "driver"), [("11.8", 450), ("12.9", 525), ("13.0", 580)])
def test_the_least_driver_is_known(version: str, driver: int) -> None:
    assert choose_cuda(Environment(), {"cuda": version}, DAY).driver == driver


def test_processors_get_a_slim_python_of_the_locks_minor() -> None:
    base = choose_base(JOB, replace(environment(six="1"), python="3.12"), gpu=False)
    assert (base.reference, base.gpu) == ("python:3.12-slim-bookworm", False)
    assert base.reason == "Python 3.12, locked for it"


def test_without_a_lock_the_python_of_this_machine_decides() -> None:
    base = choose_base(JOB, Environment(), gpu=False)
    assert base.reference.startswith("python:3.")
    assert "this machine" in base.reason


@pytest.mark.parametrize("gpu", [False, True])
def test_a_named_image_wins(gpu: bool) -> None:
    base = choose_base(replace(JOB, train_image="host/own:1"), Environment(), gpu=gpu)
    assert (base.reference, base.gpu, base.reason) == ("host/own:1", gpu, "named by --train-image")
