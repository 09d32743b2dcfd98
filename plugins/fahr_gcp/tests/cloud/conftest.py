"""A project with a bucket, a repository and an image, for plain HTTP with google-auth's tokens."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Any

import pytest
from tests.clouds.gcp import REGION, images

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.clouds.gcp import Cloud, CustomJob

SCOPE = "https://www.googleapis.com/auth/cloud-platform"


@pytest.fixture
def eventually() -> Callable[..., Any]:
    """Give a function that polls a predicate until its answer is true, and gives that."""

    def wait(predicate: Callable[[], Any], timeout: float = 60) -> Any:
        deadline = time.monotonic() + timeout
        while not (answer := predicate()):
            assert time.monotonic() < deadline, f"{predicate!r} still gives {answer!r}"
            time.sleep(0.05)
        return answer

    return wait


@pytest.fixture
def login() -> Iterator[Callable[[], Any]]:
    """Give a function that opens a session with the token of the default credentials.

    Not google-auth's own session: it asks Google for the boundaries of an account beside each
    first call, at an address that no variable leads elsewhere.
    """
    import google.auth
    import requests
    from google.auth.transport.requests import Request

    with contextlib.ExitStack() as stack:

        def opened() -> Any:
            credentials, _ = google.auth.default(scopes=[SCOPE])
            session = stack.enter_context(requests.Session())
            own = stack.enter_context(requests.Session())
            credentials.refresh(Request(own))
            session.headers["Authorization"] = f"Bearer {credentials.token}"
            if paying := getattr(credentials, "quota_project_id", None):
                session.headers["X-Goog-User-Project"] = paying
            return session

        yield opened


@pytest.fixture
def session(gcp: Cloud, login: Any) -> Any:
    """Give a session of the user's."""
    return login()


@pytest.fixture
def call(gcp: Cloud, session: Any) -> Callable[..., Any]:
    """Give a function that calls a method below the cloud's address."""

    def made(method: str, path: str, **more: Any) -> Any:
        return session.request(method, f"{gcp.endpoint}/{path}", timeout=60, **more)

    return made


@pytest.fixture
def parent(gcp: Cloud) -> str:
    """Give the address of a region's resources."""
    return f"v1/projects/{gcp.project}/locations/{REGION}"


@pytest.fixture
def asked(gcp: Cloud) -> Callable[..., dict[str, Any]]:
    """Give a function that gives requests for a job."""
    gcp.bucket("models")
    gcp.repository("images")

    def request(name: str = "exp-1", image: str = "", pools: int = 1, **spec: Any) -> Any:
        pool = {
            "machineSpec": {"machineType": "n1-standard-4"},
            "replicaCount": 1,
            "containerSpec": {"imageUri": image or f"{gcp.registry.host}/none@sha256:{'0' * 64}"},
        }
        output = {"outputUriPrefix": f"gs://models/{name}"}
        told = {"workerPoolSpecs": [pool] * pools, "baseOutputDirectory": output, **spec}
        return {"displayName": name, "jobSpec": told, "labels": {"fahr-run": name}}

    return request


@pytest.fixture
def held(gcp: Cloud, asked: Any) -> Iterator[Callable[..., dict[str, Any]]]:
    """Give the same for jobs that wait for machines: no engine is needed."""
    with gcp.no_machines():
        yield asked
        gcp.runner.end_all()


@pytest.fixture(scope="session")
def runner(gcp_process: Cloud, gcp_engine: Any) -> str:
    """Push the image that runs a variable's code, once."""
    return images.push_runner(gcp_process, gcp_engine)


@pytest.fixture
def train(gcp: Cloud, runner: str, asked: Any, call: Any, parent: str) -> Callable[..., CustomJob]:
    """Give a function that starts a job which runs Python code, and gives it."""

    def started(code: str, name: str = "exp-1", **more: Any) -> CustomJob:
        request = asked(name, runner, **more)
        for pool in request["jobSpec"]["workerPoolSpecs"]:
            pool["containerSpec"]["env"] = images.encoded(code)
        answer = call("POST", f"{parent}/customJobs", json=request)
        assert answer.status_code == 200, answer.text
        return gcp.jobs[answer.json()["name"]]

    return started
