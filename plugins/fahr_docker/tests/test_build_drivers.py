from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest

from fahr_core import registry
from fahr_core.models import Environment, Package
from fahr_docker.build_drivers import cpu, gpu
from made_jobs import JOB


@pytest.mark.parametrize(
    ("name", "driver"),
    [("local-cpu", cpu), ("local-gpu", gpu), ("default-cpu", cpu), ("default-gpu", gpu)],
)
def test_both_are_found_by_their_names_old_and_new(name: str, driver: object) -> None:
    assert registry.load(registry.find("build", name)) is driver


def test_they_tell_of_themselves() -> None:
    assert (cpu.build_info().gpu, gpu.build_info().gpu) == (False, True)
    for driver in (cpu, gpu):
        module, _, name = driver.build_info().settings.partition(":")
        __import__(module)
        assert hasattr(sys.modules[module], name)


def test_telling_of_themselves_imports_no_sdk() -> None:
    code = (
        "import sys; from fahr_docker.build_drivers import cpu; cpu.build_info();"
        "print(sorted({'docker', 'urllib3', 'requests', 'pydantic', 'jinja2'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_what_is_doubtful_about_cuda_is_said_before_anything_is_sent() -> None:
    packages = (Package(name="torch", version="3.0.0"),)
    job = replace(JOB, environment=Environment(kind="requirements", packages=packages))
    (finding,) = gpu.preflight(job)
    assert (finding.level, finding.subject) == ("warning", "image")
    assert "newer than the table" in finding.message
    assert cpu.preflight(job) == []


def test_a_cuda_without_image_stops_the_job() -> None:
    (finding,) = gpu.preflight(replace(JOB, build_settings={"cuda": "9.0"}))
    assert finding.level == "error"
    assert finding.hints
    assert gpu.preflight(replace(JOB, build_settings={"cuda": "9.0"}, train_image="x")) == []
