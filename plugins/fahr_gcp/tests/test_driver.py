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


def imported(code, folder=None):
    """Give what is imported of others once some code has run."""
    code += f"\nimport sys\nprint([name for name in {OTHERS!r} if name in sys.modules])"
    command = [sys.executable, "-W", "ignore", "-c", code]
    environment = {**os.environ, "PYTHONPATH": os.path.dirname(__file__)}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=True
    )
    return eval(done.stdout.splitlines()[-1])


def typed(*arguments, status=0):
    """Give the code of a command line that ends with a status."""
    return (
        f"import sys; sys.argv = {['fahr', *arguments]!r}\nfrom fahr_core.cli import main\n"
        f"try:\n    main()\nexcept SystemExit as end:\n    assert (end.code or 0) == {status}, end"
    )


def test_it_tells_what_it_cannot_do():
    info = driver.train_info()
    assert info.paid
    assert set(Capability) - info.capabilities == {Capability.ARRAYS}


@pytest.mark.parametrize("arguments", [["drivers", "show", "gcp"], ["drivers"], ["--help"]])
def test_showing_the_driver_imports_no_package_of_googles(arguments):
    assert imported(typed(*arguments)) == []


def test_a_request_is_planned_without_any():
    code = "from made_jobs import request_of\nassert request_of().body"
    assert imported(code) == []


def test_a_job_imports_googles_credentials_alone_before_anything_is_asked(tmp_path):
    (tmp_path / "train.py").write_text("print(1)\n")
    needed = ("-c", "project=fahr-tests", "-c", "output_path=gs://models/x")
    code = typed("fit", "--train-driver=gcp", *needed, status=2)
    code += "\nassert not [name for name in sys.modules if name.startswith('google.cloud')]"
    assert imported(code, tmp_path) == ["google", "requests", "urllib3"]


@pytest.mark.parametrize(
    ("pairs", "build"),
    [
        ((), "local-cpu"),
        ((("accelerator_type", "NVIDIA_TESLA_T4"),), "local-gpu"),
        ((("machine_type", "a2-highgpu-1g"),), "local-gpu"),
        ((("machine_type", "n1-standard-8"),), "local-cpu"),
    ],
)
def test_a_machine_with_a_gpu_takes_the_image_for_one(pairs, build):
    assert open_chosen([Layer("command line", either=pairs)], "gcp").build.name == build
