from __future__ import annotations

from pathlib import Path

import pytest
from tests.clouds.imported import imported, typed

from fahr_core.choice import open_chosen
from fahr_core.models import Capability
from fahr_core.settings.layers import Layer
from fahr_gcp.driver import driver

OTHERS = ("google", "requests", "urllib3", "boto3", "botocore", "docker", "kagglesdk")


TESTS = Path(__file__).parent


def test_it_tells_what_it_cannot_do():
    info = driver.train_info()
    assert info.paid
    assert set(Capability) - info.capabilities == {Capability.ARRAYS}


@pytest.mark.parametrize("arguments", [["drivers", "show", "gcp"], ["drivers"], ["--help"]])
def test_showing_the_driver_imports_no_package_of_googles(arguments):
    assert imported(typed(*arguments), TESTS, OTHERS) == []


def test_a_request_is_planned_without_any():
    code = "from made_jobs import request_of\nassert request_of().body"
    assert imported(code, TESTS, OTHERS) == []


def test_a_job_imports_googles_credentials_alone_before_anything_is_asked(tmp_path):
    (tmp_path / "train.py").write_text("print(1)\n")
    needed = ("-c", "project=fahr-tests", "-c", "output_path=gs://models/x")
    code = typed("fit", "--train-driver=gcp", *needed, status=2)
    code += "\nassert not [name for name in sys.modules if name.startswith('google.cloud')]"
    assert imported(code, TESTS, OTHERS, tmp_path) == ["google", "requests", "urllib3"]


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
