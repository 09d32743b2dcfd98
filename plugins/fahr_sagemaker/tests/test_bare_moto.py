"""A service that nobody here has written: moto as it comes, in a process of its own.

It has none of what the test cloud adds: it runs no job, forgets a job's variables, and words
its refusals otherwise.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import urllib.request
from contextlib import closing
from typing import TYPE_CHECKING

import boto3
import pytest
from tests.conftest import eventually

from fahr_core.models import Found, State, Submitted
from fahr_core.testing.fixtures import no_progress
from fahr_sagemaker import found
from fahr_sagemaker.driver import driver
from fahr_sagemaker.request import plan
from made_jobs import IMAGE, NEEDED, artifacts_of, job_of

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["eventually"]

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "sagemaker.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}


@pytest.fixture
def moto(monkeypatch, eventually) -> Iterator[str]:
    """Run moto's own server, and lead this process there by a URL and static keys alone."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = str(probe.getsockname()[1])
    command = [sys.executable, "-m", "moto.server", "-p", port]
    silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, **silent) as server:
        url = f"http://127.0.0.1:{port}"
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        monkeypatch.setenv("AWS_DEFAULT_REGION", NEEDED["region"])
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        try:
            eventually(lambda: answers(url), timeout=120)
            account()
            yield url
        finally:
            server.terminate()


def answers(url: str) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{url}/moto-api/", timeout=30):
            return True
    except OSError:
        return False


def account() -> None:
    """Make the bucket and the role."""
    with closing(boto3.client("s3")) as s3, closing(boto3.client("iam")) as iam:
        place = {"LocationConstraint": NEEDED["region"]}
        s3.create_bucket(Bucket="models", CreateBucketConfiguration=place)
        iam.create_role(RoleName="trainer", AssumeRolePolicyDocument=json.dumps(TRUST))


def test_a_job_from_its_checks_to_its_end(moto, tmp_path):
    job = job_of(secrets=("TOKEN",))
    findings = driver.preflight(job)
    assert [finding.message for finding in findings if finding.level != "ok"] == []
    target = driver.image_target(job)
    assert driver.registry_login(target).registry == target.repository.partition("/")[0]
    request = plan(job, artifacts_of(), IMAGE)
    driver.stage_request(request, {"TOKEN": "x"}, no_progress)
    (answer,) = driver.submit_jobs([request])
    assert isinstance(answer, Submitted)
    assert driver.find_submission(request) == Found(ref=answer.ref, link=answer.link)
    (state,) = driver.job_states([answer.ref])
    assert state.state is State.COMPLETE  # moto runs nothing
    assert [one.name for one in found.list_jobs(job.settings)] == [request.remote_name]
    assert isinstance(driver.find_job(request.remote_name, job.settings), Found)
    assert list(driver.stream_logs(answer.ref, False, None, None)) == []


def test_another_request_of_the_same_name_is_another_job(moto):
    request = plan(job_of(), artifacts_of(), IMAGE)
    driver.submit_jobs([request])
    other = job_of({"output_path": "s3://models/elsewhere"})
    refused = driver.find_submission(plan(other, artifacts_of(), IMAGE))
    assert "another job" in refused.reason
