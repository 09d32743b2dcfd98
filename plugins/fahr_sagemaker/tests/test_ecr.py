from __future__ import annotations

from contextlib import closing
from dataclasses import replace

import pytest
from tests.clouds.aws import Fault

from fahr_core.errors import AccessError
from fahr_core.models import ImageTarget
from fahr_docker.registry import Registry
from fahr_sagemaker.account import account_of, learn
from fahr_sagemaker.client import Client
from fahr_sagemaker.driver import driver
from fahr_sagemaker.ecr import make_repository
from made_jobs import job_of

CREATE = "ecr:CreateRepository"


@pytest.fixture
def target(aws):
    """Give where the image of a job goes."""
    aws.role("trainer")
    return driver.image_target(job_of())


def repositories(cloud):
    with closing(cloud.client("ecr", own=True)) as ecr:
        return [item["repositoryName"] for item in ecr.describe_repositories()["repositories"]]


def test_the_target_is_the_repository_as_ecr_names_it_and_makes_none(aws, target):
    repository = f"{aws.registry.host}/fahr"
    assert target == ImageTarget(
        repository=repository, platform="linux/amd64", media_types="docker"
    )
    assert repositories(aws) == []


def test_the_repository_is_made_once(aws, target):
    driver.registry_login(target)
    driver.registry_login(target)
    assert repositories(aws) == ["fahr"]
    assert len(aws.called(CREATE)) == 1
    assert driver.image_target(job_of()) == target


def test_the_repository_may_have_another_name(aws, target):
    driver.registry_login(driver.image_target(job_of({"repository": "team/models"})))
    assert repositories(aws) == ["team/models"]


def test_the_login_opens_the_registry_until_it_expires(aws, target):
    login = driver.registry_login(target)
    assert login.registry == aws.registry.host
    assert login.expires
    with Registry(login.registry, "fahr", lambda: login) as registry:
        assert registry.head_manifest("nothing") is None
    wrong = replace(login, password="x")
    with (
        Registry(login.registry, "fahr", lambda: wrong) as registry,
        pytest.raises(AccessError),
    ):
        registry.head_manifest("nothing")


@pytest.mark.parametrize("fault", [Fault.LOST, Fault.ERROR, Fault.RESET])
def test_a_repository_whose_making_was_not_answered_is_there_once(aws, target, fault):
    aws.faults.add(CREATE, fault)
    driver.registry_login(target)
    assert repositories(aws) == ["fahr"]


def test_two_commands_make_it_at_the_same_time(aws, target, monkeypatch):
    """Another command makes the repository between the question and our own attempt."""
    client = Client()
    call = client.call

    def slow(service, operation, **arguments):
        if operation == "CreateRepository":
            call(service, operation, **arguments)
        return call(service, operation, **arguments)

    monkeypatch.setattr(client, "call", slow)
    assert make_repository(client, "fahr") == target.repository
    assert repositories(aws) == ["fahr"]


def test_the_permission_to_make_it_is_named(aws, target):
    aws.deny(CREATE)
    with pytest.raises(AccessError, match=f"may not {CREATE}"):
        driver.registry_login(target)


def test_a_repository_that_ecr_names_otherwise_has_that_name(aws, target):
    job = job_of()
    account = replace(account_of(job.settings), repository="elsewhere.example.com/fahr")
    learn(Client.of_settings(job.settings), job.settings, account)
    guessed = driver.image_target(job)
    assert guessed.repository == account.repository
    assert driver.registry_login(guessed).registry == aws.registry.host
    assert driver.image_target(job) == target
