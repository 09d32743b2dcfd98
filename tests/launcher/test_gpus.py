"""A GPU that was asked for and cannot be used: said, and nothing trains on the CPU instead."""

import os
import stat
import sys
from pathlib import Path

import pytest

from fahr_core.launcher.gpus import why_none

from .conftest import Place

H100 = "GPU 0: NVIDIA H100 80GB HBM3 (UUID: GPU-12345678-1234-1234-1234-123456789abc)"
HEADER = """\
+-----------------------------------------------------------------------------------------+
| NVIDIA-SMI {driver}             Driver Version: {driver}     CUDA Version: {cuda}     |
|-----------------------------------------+------------------------+----------------------+
"""


@pytest.fixture
def machine(tmp_path: Path):
    """Give a function that puts a stand-in nvidia-smi on PATH; it gives the new PATH."""

    def made(listed: str = H100, driver: str = "535.104.05", cuda: str = "12.2", status: int = 0):
        programs = tmp_path / "programs"
        programs.mkdir(exist_ok=True)
        (programs / "listed").write_text(listed + "\n")
        (programs / "header").write_text(HEADER.format(driver=driver, cuda=cuda))
        script = programs / "nvidia-smi"
        script.write_text(
            f'#!/bin/sh\n[ "$1" = -L ] && what=listed || what=header\n'
            f'while read -r line; do echo "$line"; done < "{programs}/$what"\nexit {status}\n'
        )
        script.chmod(stat.S_IRWXU)
        return f"{programs}{os.pathsep}{os.environ['PATH']}"

    return made


def wheel(folder: Path, name: str) -> str:
    """Leave what an installed wheel leaves, and give its folder for PYTHONPATH."""
    (folder / "site" / f"{name}.dist-info").mkdir(parents=True)
    return str(folder / "site")


@pytest.fixture(params=["script", "notebook"])
def asking(place: Place, request: pytest.FixtureRequest) -> Place:
    """Give a job that asks for a GPU and says when it runs."""
    place.job["gpu"] = True
    if request.param == "script":
        return place.script("print('trained')")
    return place.notebook("print('trained')")


def test_none_is_there(asking: Place) -> None:
    asking.environ["CUDA_VISIBLE_DEVICES"] = ""
    result = asking.run()
    assert (result.code, result.out) == (78, "")
    assert result.reason == (
        "a GPU was asked for and this machine has none that can be used"
        " (CUDA_VISIBLE_DEVICES hides them)"
    )


def test_nvidia_smi_lists_none(asking: Place, machine) -> None:
    asking.environ["PATH"] = machine(listed="")
    result = asking.run()
    assert (result.code, result.out) == (78, "")
    assert result.reason == "a GPU was asked for and this machine has none that can be used"


def test_nvidia_smi_fails(asking: Place, machine) -> None:
    """As after an upgrade of the driver, before the machine was restarted."""
    said = "Failed to initialize NVML: Driver/library version mismatch"
    asking.environ["PATH"] = machine(listed=said, status=18)
    result = asking.run()
    assert (result.code, result.out) == (78, "")
    assert result.reason.endswith(f"has none that can be used: nvidia-smi says: {said}")


def test_the_images_cuda_is_too_new_for_the_driver(asking: Place, machine) -> None:
    asking.environ.update(PATH=machine(), CUDA_VERSION="13.0.3")
    result = asking.run()
    assert (result.code, result.out) == (78, "")
    assert result.reason == (
        "a GPU was asked for and the job would not see it: CUDA 13.0 (of the image) needs an "
        "NVIDIA driver 580 or newer, and this machine's is 535.104.05, which can do CUDA 12.2 "
        "at most"
    )


def test_the_frameworks_cuda_is_too_new_for_the_driver(
    asking: Place, machine, tmp_path: Path
) -> None:
    asking.environ.update(
        PATH=machine(driver="470.82.01", cuda="11.4"),
        CUDA_VERSION="11.4.0",
        PYTHONPATH=wheel(tmp_path, "nvidia_cuda_runtime_cu12-12.8.90"),
    )
    result = asking.run()
    assert (result.code, result.out) == (78, "")
    assert "CUDA 12.8 (from nvidia-cuda-runtime-cu12) needs an NVIDIA driver 525" in result.reason
    assert "470.82.01" in result.reason


def test_a_gpu_that_can_be_used(place: Place, machine) -> None:
    place.environ.update(PATH=machine(), CUDA_VERSION="12.8.1")  # a newer minor version is served
    result = place.script("print('trained')").run(gpu=True)
    assert (result.code, result.out) == (0, "trained\n")
    assert result.record["accelerator"] == [H100]


@pytest.mark.parametrize(
    ("driver", "cuda", "needed", "is_enough"),
    [
        ("580.65.06", "13.0", "12.4.1", True),
        ("525.60.13", "12.0", "12.9.1", True),
        ("525.60.13", "12.0", "13.0.0", False),
        ("525.60.13", "N/A", "12.9.1", True),  # then the driver's own version decides
        ("524.99", "N/A", "12.0", False),
        ("580.65.06", "N/A", "13.0.3", True),
        ("999.1", "N/A", "99.0", True),  # nobody can tell
        ("535.104.05", "12.2", "", True),
        ("535.104.05", "12.2", "latest", True),
    ],
)
def test_which_driver_serves_which_cuda(
    machine, monkeypatch: pytest.MonkeyPatch, driver: str, cuda: str, needed: str, is_enough: bool
) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setenv("PATH", machine(driver=driver, cuda=cuda))
    said = why_none(sys.executable, {"CUDA_VERSION": needed})
    assert (said is None) is is_enough
    assert said is None or driver in said


def test_newer_wheels_have_no_suffix(
    machine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setenv("PATH", machine())
    monkeypatch.setenv("PYTHONPATH", wheel(tmp_path, "nvidia_cuda_runtime-13.0.96"))
    said = why_none(sys.executable, {})
    assert said
    assert "CUDA 13.0 (from nvidia-cuda-runtime)" in said


def test_a_python_that_is_not_there_is_not_the_gpus_fault(
    machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setenv("PATH", machine())
    assert why_none("/no/such/python", {}) is None
