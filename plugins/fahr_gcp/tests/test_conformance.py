"""What every train driver promises, on the test cloud with a real engine and a real registry."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from fahr_core.testing import DriverContract
from fahr_core.testing.scripts import NOTHING

if TYPE_CHECKING:
    from tests.clouds.gcp.cloud import Cloud

    from fahr_core.models import Request
    from fahr_core.testing.fixtures import Prepare

#: A first image is built by the first test of a machine that has other things to do.
pytestmark = pytest.mark.timeout(900)


class TestGcp(DriverContract):
    driver = "gcp"
    build_driver = "local-cpu"
    wait_timeout = 240.0
    start_timeout = 240.0
    #: The cloud of the tests lives in their process.
    service_outlives_process = False

    @pytest.fixture(autouse=True)
    def project(self, fahr_home: object, gcp: Cloud, gcp_engine: Any) -> Cloud:
        """Give a project that has what a job needs."""
        gcp.bucket("models")
        type(self).settings = {
            "project": gcp.project,
            "region": gcp.regions[0],
            "output_path": "gs://models/x",
            "service_account": gcp.service_account("trainer"),
            "image_repository": f"{gcp.repository('images')}/jobs",
        }
        return gcp

    @pytest.fixture
    def refused_request(self, prepare: Prepare) -> Request:
        """Give a request for a machine that there is not."""
        request = prepare(NOTHING)
        spec = dict(request.body["jobSpec"])
        (pool,) = spec["workerPoolSpecs"]
        spec["workerPoolSpecs"] = [{**pool, "machineSpec": {"machineType": "n1-nothing-4"}}]
        return replace(request, body={**request.body, "jobSpec": spec})
