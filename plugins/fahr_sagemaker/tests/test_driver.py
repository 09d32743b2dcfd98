from __future__ import annotations

from pathlib import Path

import pytest
from tests.clouds.imported import imported, typed

from fahr_core.models import Capability
from fahr_core.session import open_session
from fahr_sagemaker.driver import driver

SDKS = ("boto3", "botocore", "sagemaker", "sagemaker_core", "docker", "google", "kagglesdk")


TESTS = Path(__file__).parent


def test_it_tells_of_itself():
    info = driver.train_info()
    assert info.paid
    assert info.platform == "x86_64-unknown-linux-gnu"
    assert Capability.ARRAYS not in info.capabilities


@pytest.mark.parametrize("arguments", [["drivers", "show", "sagemaker"], ["drivers"], ["--help"]])
def test_showing_the_driver_imports_no_sdk(arguments):
    assert imported(typed(*arguments), TESTS, SDKS) == []


def test_opening_a_session_and_its_settings_imports_no_sdk():
    code = "from fahr_core.session import open_session\nopen_session('sagemaker')\n"
    code += "from fahr_core.settings.resolve import load_model\n"
    code += f"load_model({driver.train_info().settings!r})"
    assert imported(code, TESTS, SDKS) == []


def test_the_checks_before_a_job_import_boto3_alone():
    code = "from made_jobs import job_of\nfrom fahr_sagemaker.driver import driver\n"
    code += "found = driver.preflight(job_of())\n"
    code += "assert found[0].message == 'no AWS credentials', found"
    assert imported(code, TESTS, SDKS) == ["boto3", "botocore"]


def test_a_fit_imports_boto3_alone_until_its_first_call_is_answered(aws, tmp_path):
    (tmp_path / "train.py").write_text("print(1)\n")
    needed = ("-c", "output_path=s3://models/x", "-c", "role_name=trainer")
    aws.expire_credentials()
    code = typed("fit", "--train-driver=sagemaker", *needed, status=2)
    assert imported(code, TESTS, SDKS, tmp_path) == ["boto3", "botocore"]
    assert aws.called()


def test_a_machine_with_a_gpu_takes_the_image_for_one():
    from fahr_core.choice import open_chosen
    from fahr_core.settings.layers import Layer

    def chosen(*pairs):
        return open_chosen([Layer("command line", either=pairs)], "sagemaker").build.name

    assert chosen() == "local-cpu"
    assert chosen(("instance_type", "ml.g5.xlarge")) == "local-gpu"
    assert chosen(("train_instance_type", "'ml.p3.2xlarge'")) == "local-gpu"
    assert chosen(("instance_type", "ml.m5.xlarge")) == "local-cpu"
    assert open_session("sagemaker").can(Capability.IMAGE)
