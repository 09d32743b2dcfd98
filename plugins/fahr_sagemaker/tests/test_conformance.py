"""What every train driver promises, on the test cloud with a real engine and a real registry."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from fahr_core.testing import DriverContract
from fahr_core.testing.scripts import NOTHING

if TYPE_CHECKING:
    from tests.clouds.aws import Cloud

    from fahr_core.models import Request
    from fahr_core.testing.fixtures import Prepare

#: A first image is built by the first test of a machine that has other things to do.
pytestmark = pytest.mark.timeout(900)


class TestSageMaker(DriverContract):
    driver = "sagemaker"
    build_driver = "local-cpu"
    settings: ClassVar = {"output_path": "s3://models/x", "role_name": "trainer"}
    wait_timeout = 240.0
    start_timeout = 240.0
    #: The cloud of the tests lives in their process.
    service_outlives_process = False

    @pytest.fixture(autouse=True)
    def account(self, fahr_home: object, aws: Cloud, aws_engine: Any) -> Cloud:
        """Give an account that has what a job needs."""
        aws.bucket("models")
        aws.role("trainer")
        return aws

    @pytest.fixture
    def refused_request(self, prepare: Prepare) -> Request:
        """Give a request for an image that ECR does not have."""
        request = prepare(NOTHING)
        algorithm = dict(request.body["AlgorithmSpecification"])
        name, _, _ = algorithm["TrainingImage"].partition("@")
        algorithm["TrainingImage"] = f"{name}@sha256:{'0' * 64}"
        return replace(request, body={**request.body, "AlgorithmSpecification": algorithm})
