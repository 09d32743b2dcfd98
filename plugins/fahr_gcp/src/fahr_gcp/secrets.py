"""A job's secrets: one secret of Secret Manager under its name, until the job has ended.

The job reads it as its service account; a request, a log and the ledger hold the name alone.
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

from fahr_core.errors import FahrError, UsageError
from fahr_gcp import names
from fahr_gcp.failures import status_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fahr_core.models import Job, JobRef
    from fahr_gcp.client import Client

__all__ = ["forget", "remove", "secret_name", "secret_path", "store", "variable_of"]

_SERVICE = "secretmanager"
#: Bytes of a secret's version. Source: Secret Manager, "Quotas and limits".
_LONGEST = 65536
_DAY = 86400
_READER = "roles/secretmanager.secretAccessor"


def variable_of(job: Job) -> dict[str, str]:
    """Give the variable that tells the job where its secrets lie; none without secrets.

    Raises:
        UsageError: the job runs as nobody who could be let read them. The tokens of Vertex AI's
            own account for custom code do not reach Secret Manager.
    """
    if not job.secrets:
        return {}
    if not job.settings["service_account"]:
        raise UsageError(
            "a job that reads secrets needs a service account of its own",
            f"fahr fit -c service_account=NAME@{job.settings['project']}.iam.gserviceaccount.com",
        )
    project = job.settings["project"]
    return {
        names.SECRETS_VARIABLE: f"projects/{project}/secrets/{secret_name(job)}/versions/latest"
    }


def secret_name(job: Job) -> str:
    """Give the name of a job's secret."""
    return f"fahr-{job.remote_name}"


def secret_path(client: Client, job: Job) -> str:
    """Give a job's secret as the API names it."""
    return f"projects/{client.project}/secrets/{secret_name(job)}"


def store(client: Client, job: Job, values: Mapping[str, str]) -> None:
    """Store a job's secrets where its service account may read them.

    A secret is removed by itself some days after the job can last, whatever becomes of the
    machine that sent it.

    Raises:
        AccessError: a permission is missing.
        UsageError: the values are longer than a secret may be.
    """
    payload = json.dumps(dict(values)).encode()
    if len(payload) > _LONGEST:
        raise UsageError(f"the job's secrets have {len(payload)} bytes; at most {_LONGEST}")
    _make(client, job)
    path = f"v1/{secret_path(client, job)}"
    # The job's service account may read this secret, and no other for that.
    member = f"serviceAccount:{job.settings['service_account']}"
    policy = {"bindings": [{"role": _READER, "members": [member]}]}
    client.call(_SERVICE, "POST", f"{path}:setIamPolicy", body={"policy": policy})
    data = {"payload": {"data": base64.b64encode(payload).decode()}}
    client.call(_SERVICE, "POST", f"{path}:addVersion", body=data)


def forget(client: Client, ref: JobRef) -> None:
    """Remove a job's secrets, where it has any; what is gone already is no error.

    Raises:
        AccessError: a permission is missing.
        ServiceError: Google does not answer.
    """
    if path := ref.data.get("secrets"):
        remove(client, str(path))


def remove(client: Client, path: str) -> None:
    """Remove a secret; one that is gone already is no error.

    Raises:
        AccessError: a permission is missing.
        ServiceError: Google does not answer.
    """
    try:
        client.call(_SERVICE, "DELETE", f"v1/{path}")
    except FahrError as error:
        if status_of(error) != 404:
            raise


def _make(client: Client, job: Job) -> None:
    """Make the secret, unless an earlier attempt has."""
    path, name = f"v1/projects/{client.project}/secrets", {"secretId": secret_name(job)}
    try:
        client.call(_SERVICE, "POST", path, name, _described(client, job))
    except FahrError as error:
        if status_of(error) != 409:
            raise


def _described(client: Client, job: Job) -> dict[str, Any]:
    settings = job.settings
    replication: dict[str, Any] = {"automatic": {}}
    if key := settings["encryption"]:
        own = {"location": client.region, "customerManagedEncryption": {"kmsKeyName": key}}
        replication = {"userManaged": {"replicas": [own]}}
    longest = int(job.timeout or settings["timeout"]) + int(settings["max_wait"] or _DAY)
    return {
        "replication": replication,
        "labels": {names.RUN_LABEL: job.run_id},
        "ttl": f"{longest + 7 * _DAY}s",
    }
