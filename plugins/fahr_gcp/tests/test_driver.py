from __future__ import annotations

import os
import subprocess
import sys

import pytest

from fahr_core.choice import open_chosen
from fahr_core.models import Capability
from fahr_core.settings.layers import Layer
from fahr_gcp import driver

OTHERS = ("google", "requests", "urllib3", "boto3", "botocore", "docker", "kagglesdk")


def imported(code):
    """Give what is imported of others once some code has run."""
    code += f"\nimport sys\nprint([name for name in {OTHERS!r} if name in sys.modules])"
    folder = os.path.dirname(__file__)
    command = [sys.executable, "-W", "ignore", "-c", code]
    environment = {**os.environ, "PYTHONPATH": folder}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return eval(done.stdout.splitlines()[-1])


def test_it_tells_what_it_cannot_do():
    info = driver.train_info()
    assert info.paid
    assert set(Capability) - info.capabilities == {Capability.ARRAYS}


@pytest.mark.parametrize("arguments", [["drivers", "show", "gcp"], ["drivers"], ["--help"]])
def test_showing_the_driver_imports_no_package_of_googles(arguments):
    code = f"import sys; sys.argv = {['fahr', *arguments]!r}\nfrom fahr_core.cli import main\n"
    code += "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code, end.code"
    assert imported(code) == []


def test_a_request_is_planned_without_any():
    code = "from made_jobs import request_of\nassert request_of().body"
    assert imported(code) == []


def test_the_checks_before_a_job_import_googles_credentials_alone():
    code = "from made_jobs import job_of\nfrom fahr_gcp import driver\n"
    code += "(found,) = driver.preflight(job_of())\n"
    code += "assert found.message == 'no Google credentials', found\n"
    code += (
        "import sys\nassert not [name for name in sys.modules if name.startswith('google.cloud')]"
    )
    assert imported(code) == ["google", "requests", "urllib3"]


@pytest.mark.parametrize(
    ("pairs", "build"),
    [
        ((), "local-cpu"),
        ((("accelerator_type", "NVIDIA_TESLA_T4"),), "local-gpu"),
        ((("machine_type", "a2-highgpu-1g"),), "local-gpu"),
        ((("machine_type", "n1-standard-8"),), "local-cpu"),
        ((("accelerator_type", "TPU_V5_LITEPOD"),), "local-cpu"),
    ],
)
def test_a_machine_with_a_gpu_takes_the_image_for_one(pairs, build):
    assert open_chosen([Layer("command line", either=pairs)], "gcp").build.name == build
