"""A job's secrets: in Secrets Manager or SSM's parameters under its name, until it has ended.

The job reads them through its role; a request, a log and the ledger hold their names alone.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from fahr_core.errors import FahrError, UsageError
from fahr_sagemaker import names
from fahr_sagemaker.failures import code_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fahr_core.models import Job, JobRef
    from fahr_sagemaker.client import Client

__all__ = ["forget", "place_of", "remove", "store", "variable_of"]

#: Roles with AWS's own policy AmazonSageMakerFullAccess may read secrets of such names.
_PREFIX = "AmazonSageMaker-fahr-"
#: Characters of a parameter's value. Source: PutParameter, tier Standard.
_LONGEST = 4096
#: Source: DeleteParameters, member Names.
_AT_ONCE = 10


def variable_of(job: Job) -> dict[str, str]:
    """Give the variable that tells the job where its secrets lie; none without secrets.

    Raises:
        UsageError: the job has no network to read them by.
    """
    if not job.secrets:
        return {}
    if job.settings["network_isolation"]:
        raise UsageError(
            "a job with network_isolation cannot read secrets",
            "fahr fit -c network_isolation=false",
        )
    return {names.SECRETS_VARIABLE: place_of(job)}


def place_of(job: Job) -> str:
    """Give where a job's secrets lie: the kind of the place, and its name."""
    if job.settings["vault"] == "ssm":
        return f"ssm:/fahr/{job.remote_name}"
    return f"secretsmanager:{_PREFIX}{job.remote_name}"


def store(client: Client, job: Job, values: Mapping[str, str]) -> None:
    """Store a job's secrets, or put the same ones there again.

    Raises:
        AccessError: a permission is missing.
        UsageError: a value is longer than the place takes.
    """
    _, _, name = place_of(job).partition(":")
    if job.settings["vault"] == "ssm":
        _put_parameters(client, job, name, values)
    else:
        _put_secret(client, job, name, json.dumps(dict(values)))


def forget(client: Client, ref: JobRef) -> None:
    """Remove a job's secrets, where it has any; what is gone already is no error.

    Raises:
        AccessError: a permission is missing.
        ServiceError: AWS does not answer.
    """
    remove(client, str(ref.data.get("secrets") or ""))


def remove(client: Client, place: str) -> None:
    """Remove the secrets at a place (:func:`place_of`); an empty one is none.

    Raises:
        AccessError: a permission is missing.
        ServiceError: AWS does not answer.
    """
    kind, _, name = place.partition(":")
    if kind == "secretsmanager":
        _remove_secret(client, name)
    elif kind == "ssm":
        _remove_parameters(client, name)


def _put_secret(client: Client, job: Job, name: str, text: str) -> None:
    key = job.settings["kms_key"]
    more = {"KmsKeyId": key} if key else {}
    tags = [{"Key": names.RUN_ID_TAG, "Value": job.run_id}]
    try:
        client.call(
            "secretsmanager", "CreateSecret", Name=name, SecretString=text, Tags=tags, **more
        )
    except FahrError as error:
        if code_of(error) != "ResourceExistsException":
            raise
        client.call("secretsmanager", "PutSecretValue", SecretId=name, SecretString=text)


def _put_parameters(client: Client, job: Job, prefix: str, values: Mapping[str, str]) -> None:
    for name, value in values.items():
        if not value or len(value.encode()) > _LONGEST:
            raise UsageError(
                f"the secret {name} has {len(value.encode())} bytes; SSM takes 1 to {_LONGEST}",
                "fahr fit -c vault=secretsmanager",
            )
    key = job.settings["kms_key"]
    more = {"KeyId": key} if key else {}
    for name, value in values.items():
        client.call(
            "ssm",
            "PutParameter",
            Name=f"{prefix}/{name}",
            Value=value,
            Type="SecureString",
            Overwrite=True,
            **more,
        )


def _remove_secret(client: Client, name: str) -> None:
    try:
        client.call(
            "secretsmanager", "DeleteSecret", SecretId=name, ForceDeleteWithoutRecovery=True
        )
    except FahrError as error:
        if code_of(error) != "ResourceNotFoundException":
            raise


def _remove_parameters(client: Client, prefix: str) -> None:
    found = [
        str(parameter["Name"])
        for page in client.pages("ssm", "GetParametersByPath", Path=prefix, Recursive=True)
        for parameter in page["Parameters"]
    ]
    for some in _parts(found):
        client.call("ssm", "DeleteParameters", Names=some)


def _parts(all_names: Sequence[str]) -> list[list[str]]:
    starts = range(0, len(all_names), _AT_ONCE)
    return [list(all_names[start : start + _AT_ONCE]) for start in starts]
