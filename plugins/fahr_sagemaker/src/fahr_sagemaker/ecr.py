"""The repository in ECR that holds a job's image, and the login to it."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import TYPE_CHECKING

from fahr_core.errors import FahrError
from fahr_core.models import ImageTarget, Login
from fahr_sagemaker.account import account_of, learn
from fahr_sagemaker.client import Client
from fahr_sagemaker.failures import code_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from fahr_core.models import Job

__all__ = ["login_to", "make_repository", "target_of"]

_PLATFORM = "linux/amd64"


class _Named:
    """By which settings each repository was named, for the login that is asked for later."""

    settings: dict[str, Mapping[str, Any]] = {}  # noqa: RUF012 - shared on purpose


def target_of(job: Job) -> ImageTarget:
    """Give where the image goes.

    Docker's media types: parts of SageMaker refuse OCI's.

    Raises:
        AccessError: credentials or a permission is missing.
        ServiceError: AWS does not answer.
    """
    account = account_of(job.settings)
    _Named.settings[account.repository] = job.settings
    return ImageTarget(repository=account.repository, platform=_PLATFORM, media_types="docker")


def login_to(target: ImageTarget) -> Login:
    """Make the repository when it is missing, and give a login to its registry.

    The name of one that was missing is a guess by the registry's; where ECR names it otherwise,
    that is its name from then on.

    Raises:
        AccessError: a permission is missing.
        ServiceError: AWS does not answer.
    """
    repository = str(target.repository)
    settings = _Named.settings.get(repository, {})
    client = Client.of_settings(settings)
    name = str(settings.get("repository") or repository.partition("/")[2])
    there = make_repository(client, name)
    if there != repository and settings:
        learn(client, settings, replace(account_of(settings), repository=there))
    data = client.call("ecr", "GetAuthorizationToken")["authorizationData"][0]
    username, _, password = base64.b64decode(data["authorizationToken"]).decode().partition(":")
    expires = _moment(data.get("expiresAt"))
    return Login(there.partition("/")[0], username, password, expires=expires)


def make_repository(client: Client, name: str) -> str:
    """Make the repository unless it is there, and give its URI.

    Another command may make it at the same time.

    Raises:
        AccessError: a permission is missing.
    """
    try:
        made = client.call("ecr", "DescribeRepositories", repositoryNames=[name])
        there = made["repositories"][0]
    except FahrError as error:
        if code_of(error) != "RepositoryNotFoundException":
            raise
        there = _made(client, name)
    return str(there["repositoryUri"])


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
