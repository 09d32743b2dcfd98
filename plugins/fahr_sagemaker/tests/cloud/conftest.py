"""An account with a bucket, a role and an image, for plain boto3."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import asked
import pytest
from tests.clouds.aws import images

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.clouds.aws import Cloud, TrainingJob

CLIENTS = ("sagemaker", "s3", "ecr", "logs", "iam", "sts")


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
def client(cloud: Cloud) -> Iterator[Callable[[str], Any]]:
    """Give a function that gives the user's client of a service."""
    made: dict[str, Any] = {}
    yield lambda service: made.setdefault(service, cloud.client(service))
    for each in made.values():
        each.close()


@pytest.fixture
def sagemaker(client: Callable[[str], Any]) -> Any:
    """Give the user's client of SageMaker."""
    return client("sagemaker")


@pytest.fixture
def held(cloud: Cloud) -> Iterator[Callable[..., dict[str, Any]]]:
    """Give a function that gives requests whose jobs wait for machines: no engine needed."""
    cloud.bucket("models")
    role, image = cloud.role("trainer"), images.push_bare(cloud, "team/exp")
    with cloud.no_capacity():
        yield lambda name="exp-1", **more: asked.request(name, image, role, **more)
        cloud.runner.end_all()


@pytest.fixture(scope="session")
def runner(aws_process: Cloud, aws_engine: Any) -> str:
    """Push the image that runs a hyperparameter's code, once."""
    return images.push_runner(aws_process, aws_engine, "team/runner")


@pytest.fixture
def train(cloud: Cloud, runner: str, sagemaker: Any) -> Callable[..., TrainingJob]:
    """Give a function that starts a job which runs Python code, and gives it."""
    cloud.bucket("models")
    role = cloud.role("trainer")
    cloud.repository("team/runner")

    def started(code: str, name: str = "exp-1", **more: Any) -> TrainingJob:
        more.setdefault("HyperParameters", images.encoded(code))
        sagemaker.create_training_job(**asked.request(name, runner, role, **more))
        return cloud.jobs[name]

    return started
