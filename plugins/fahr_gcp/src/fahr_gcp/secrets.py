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

__all__ = ["forget", "secret_name", "store", "variable_of"]

_SERVICE = "secretmanager"
#: Bytes of a secret's version. Source: Secret Manager, "Quotas and limits".
_LONGEST = 65536
_DAY = 86400
_READER = "roles/secretmanager.secretAccessor"
#: What runs custom code when no service account is named.
#: Source: "Vertex AI service agents", AI Platform Custom Code Service Agent.
_AGENT = "service-{}@gcp-sa-aiplatform-cc.iam.gserviceaccount.com"


def variable_of(job: Job) -> dict[str, str]:
    """Give the variable that tells the job where its secrets lie; none without secrets."""
    if not job.secrets:
        return {}
    project = job.settings["project"]
    return {
        names.SECRETS_VARIABLE: f"projects/{project}/secrets/{secret_name(job)}/versions/latest"
    }


def secret_name(job: Job) -> str:
    """Give the name of a job's secret."""
    return f"fahr-{job.remote_name}"


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
    made = _made(client, job)
    path = f"v1/projects/{client.project}/secrets/{secret_name(job)}"
    _let_read(client, path, job, number=str(made.get("name", "")).split("/")[1])
    data = {"payload": {"data": base64.b64encode(payload).decode()}}
    client.call(_SERVICE, "POST", f"{path}:addVersion", body=data)


def forget(client: Client, ref: JobRef) -> None:
    """Remove a job's secrets, where it has any; what is gone already is no error.

    Raises:
        AccessError: a permission is missing.
        ServiceError: Google does not answer.
    """
    name = ref.data.get("secrets")
    if not name:
        return
    try:
        client.call(_SERVICE, "DELETE", f"v1/{name}")
    except FahrError as error:
        if status_of(error) != 404:
            raise


def _made(client: Client, job: Job) -> dict[str, Any]:
    """Make the secret, unless an earlier attempt has."""
    path = f"v1/projects/{client.project}/secrets"
    try:
        return client.call(
            _SERVICE, "POST", path, {"secretId": secret_name(job)}, _described(client, job)
        )
    except FahrError as error:
        if status_of(error) != 409:
            raise
    return client.call(_SERVICE, "GET", f"{path}/{secret_name(job)}")


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


def _let_read(client: Client, path: str, job: Job, *, number: str) -> None:
    """Let the job's service account read this secret and no other."""
    whose = job.settings["service_account"] or _AGENT.format(number)
    binding = {"role": _READER, "members": [f"serviceAccount:{whose}"]}
    client.call(_SERVICE, "POST", f"{path}:setIamPolicy", body={"policy": {"bindings": [binding]}})
