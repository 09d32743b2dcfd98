"""The account that a job goes to: its number, the role's ARN, and ECR's name of the repository.

A request holds them, and planning one asks nobody; so they are looked up once in a process,
by the checks before a job or when they are first needed, and known from then on.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from fahr_core.errors import AccessError, FahrError
from fahr_core.side_by_side import side_by_side
from fahr_sagemaker.client import Client
from fahr_sagemaker.failures import code_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Account", "account_of", "identity", "learn", "repository_uri", "role_arn"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What a request says of the account; ``repository`` is a URI without a tag."""

    number: str
    partition: str
    region: str
    role: str
    repository: str


class _Known:
    """What was looked up in this process, by credentials, region, role and repository."""

    accounts: dict[tuple[Any, ...], Account] = {}  # noqa: RUF012 - shared on purpose
    lock = threading.Lock()


def account_of(settings: Mapping[str, Any]) -> Account:
    """Give the account that a job's settings mean; ask AWS where it is not known yet.

    Raises:
        AccessError: credentials or a permission is missing, or there is no such role.
        ServiceError: AWS does not answer.
    """
    client = Client.of_settings(settings)
    with _Known.lock:
        known = _Known.accounts.get(_key(client, settings))
    return known or _asked(client, settings)


def learn(client: Client, settings: Mapping[str, Any], account: Account) -> None:
    """Remember an account that was looked up by the way."""
    with _Known.lock:
        _Known.accounts[_key(client, settings)] = account


def identity(client: Client) -> tuple[str, str]:
    """Give the account's number and its partition: ``aws``, ``aws-cn``, ``aws-us-gov``.

    Raises:
        AccessError: no credentials, or none that AWS knows.
    """
    told = client.call("sts", "GetCallerIdentity")
    return str(told["Account"]), str(told["Arn"]).split(":")[1]


def role_arn(client: Client, settings: Mapping[str, Any]) -> tuple[str, Mapping[str, Any] | None]:
    """Give the role's ARN, and who it trusts where that was looked up.

    Raises:
        AccessError: there is no such role, or these credentials may not look.
    """
    if arn := settings.get("role_arn"):
        return str(arn), None
    name = str(settings["role_name"]).rpartition("/")[2]
    try:
        role = client.call("iam", "GetRole", RoleName=name)["Role"]
    except FahrError as error:
        if code_of(error) == "NoSuchEntity":
            raise AccessError(
                f'the account has no role "{name}"', "aws iam list-roles --query 'Roles[].RoleName'"
            ) from error
        if isinstance(error, AccessError):
            hint = f"or name it whole: fahr fit -c role_arn=arn:aws:iam::ACCOUNT:role/{name}"
            raise AccessError(error.message, *error.hints, hint) from error
        raise
    trust = role.get("AssumeRolePolicyDocument")
    return str(role["Arn"]), trust if isinstance(trust, dict) else None


def repository_uri(client: Client, name: str) -> str:
    """Give the repository's URI as ECR names it, whether it is there yet or not.

    Raises:
        AccessError: a permission is missing.
    """
    try:
        found = client.call("ecr", "DescribeRepositories", repositoryNames=[name])
        return str(found["repositories"][0]["repositoryUri"])
    except FahrError as error:
        if code_of(error) != "RepositoryNotFoundException":
            raise
    data = client.call("ecr", "GetAuthorizationToken")["authorizationData"][0]
    host = str(data["proxyEndpoint"]).rpartition("://")[2].rstrip("/")
    return f"{host}/{name}"


def _asked(client: Client, settings: Mapping[str, Any]) -> Account:
    questions: list[Callable[[], Any]] = [
        partial(identity, client),
        partial(role_arn, client, settings),
        partial(repository_uri, client, settings["repository"]),
    ]
    (number, partition), (role, _), repository = side_by_side(
        lambda ask: ask(), questions, len(questions)
    )
    account = Account(
        number=number,
        partition=partition,
        region=client.region,
        role=role,
        repository=repository,
    )
    learn(client, settings, account)
    return account


def _key(client: Client, settings: Mapping[str, Any]) -> tuple[Any, ...]:
    named = (settings.get("role_name"), settings.get("role_arn"), settings["repository"])
    return (client.access_key, client.profile, client.region, *named)
