"""The repository in ECR that holds a job's image, and the login to it."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from fahr_core.errors import AccessError, FahrError
from fahr_core.models import ImageTarget, Login
from fahr_sagemaker.account import account_of
from fahr_sagemaker.client import Client
from fahr_sagemaker.failures import code_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from fahr_core.models import Job

__all__ = ["login_to", "make_repository", "target_of"]

_PLATFORM = "linux/amd64"


class _Clients:
    """By which client each repository was named, for the login that is asked for later."""

    of: dict[str, tuple[Client, str]] = {}  # noqa: RUF012 - shared on purpose


def target_of(job: Job) -> ImageTarget:
    """Give where the image goes.

    Docker's media types: parts of SageMaker refuse OCI's.

    Raises:
        AccessError: credentials or a permission is missing.
        ServiceError: AWS does not answer.
    """
    account = account_of(job.settings)
    client = Client.of_settings(job.settings)
    _Clients.of[account.repository] = (client, str(job.settings["repository"]))
    return ImageTarget(repository=account.repository, platform=_PLATFORM, media_types="docker")


def login_to(target: ImageTarget) -> Login:
    """Make the repository when it is missing, and give a login to its registry.

    Raises:
        AccessError: a permission is missing.
        ServiceError: AWS does not answer.
    """
    repository = str(target.repository)
    client, name = _Clients.of.get(repository) or (Client(), repository.partition("/")[2])
    make_repository(client, name, repository)
    data = client.call("ecr", "GetAuthorizationToken")["authorizationData"][0]
    username, _, password = base64.b64decode(data["authorizationToken"]).decode().partition(":")
    return Login(
        repository.partition("/")[0], username, password, expires=_moment(data.get("expiresAt"))
    )


def make_repository(client: Client, name: str, uri: str) -> None:
    """Make the repository unless it is there; another command may make it at the same time.

    Raises:
        AccessError: a permission is missing, or ECR names the repository otherwise.
    """
    try:
        made = client.call("ecr", "DescribeRepositories", repositoryNames=[name])
        there = made["repositories"][0]
    except FahrError as error:
        if code_of(error) != "RepositoryNotFoundException":
            raise
        there = _made(client, name)
    if there["repositoryUri"] != uri:
        raise AccessError(f"ECR has the repository {name} at {there['repositoryUri']}, not {uri}")


def _made(client: Client, name: str) -> Mapping[str, Any]:
    try:
        told: Mapping[str, Any] = client.call("ecr", "CreateRepository", repositoryName=name)
        return dict(told["repository"])
    except FahrError as error:
        if code_of(error) != "RepositoryAlreadyExistsException":
            raise
    told = client.call("ecr", "DescribeRepositories", repositoryNames=[name])
    return dict(told["repositories"][0])


def _moment(expires: Any) -> float | None:
    return float(expires.timestamp()) if hasattr(expires, "timestamp") else None
