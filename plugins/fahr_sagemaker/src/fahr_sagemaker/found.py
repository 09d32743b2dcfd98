"""Training jobs that were made elsewhere: found by name, and listed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from fahr_core.errors import FahrError
from fahr_core.models import Absent, Found, JobRef, RemoteJob
from fahr_sagemaker import names
from fahr_sagemaker.asking import is_absent
from fahr_sagemaker.client import Client
from fahr_sagemaker.links import console_link
from fahr_sagemaker.states import state_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["find_job", "list_jobs", "reference"]

_ARN = ":training-job/"
#: Source: ListTrainingJobs, MaxResults.
_PAGE = 100


def find_job(name: str, settings: Mapping[str, Any]) -> Found | Absent:
    """Find a training job of the account by its name or its ARN, whoever made it.

    Raises:
        AccessError: credentials or a permission is missing.
        ServiceError: AWS does not answer.
    """
    client = _client(name, settings)
    try:
        told = client.call(
            "sagemaker", "DescribeTrainingJob", TrainingJobName=name.rpartition(_ARN)[2]
        )
    except FahrError as error:
        if not is_absent(error):
            raise
        return Absent(reason=f"region {client.region}; another one: export AWS_REGION=NAME")
    ref = reference(told, settings.get("profile"))
    return Found(ref=ref, link=link_of(ref))


def list_jobs(settings: Mapping[str, Any]) -> Iterator[RemoteJob]:
    """Give the account's training jobs in a region, the newest first, a page at a time.

    Raises:
        AccessError: credentials or a permission is missing.
        ServiceError: AWS does not answer.
    """
    client = Client.of_settings(settings)
    order = {"SortBy": "CreationTime", "SortOrder": "Descending", "MaxResults": _PAGE}
    for page in client.pages("sagemaker", "ListTrainingJobs", **order):
        for told in page["TrainingJobSummaries"]:
            ref = reference(told, settings.get("profile"))
            state = replace(state_of(ref, told), link=link_of(ref))
            yield RemoteJob(name=ref.id, state=state)


def reference(told: Mapping[str, Any], profile: str | None) -> JobRef:
    """Give all that is needed to find a job again, of what SageMaker says of it."""
    arn, name = str(told["TrainingJobArn"]), str(told["TrainingJobName"])
    _, _, _, region, account, _ = arn.split(":", 5)
    variables = told.get("Environment") or {}
    output = str((told.get("OutputDataConfig") or {}).get("S3OutputPath") or "").rstrip("/")
    data = {
        "account": account,
        "region": region,
        "arn": arn,
        "run_id": variables.get(names.RUN_ID_VARIABLE),
        "output": f"{output}/{name}/output/" if output else None,
        "profile": profile,
        "secrets": variables.get(names.SECRETS_VARIABLE),
    }
    told_data = {key: value for key, value in data.items() if value is not None}
    return JobRef(driver="sagemaker", id=name, data=told_data)


def link_of(ref: JobRef) -> str:
    """Give the page of a job in AWS's console."""
    return console_link(ref.data["region"], ref.id, str(ref.data["arn"]).split(":")[1])


def _client(name: str, settings: Mapping[str, Any]) -> Client:
    """Give the client for a job: in the region of its ARN, where it has one."""
    if _ARN in name:
        return Client(region=name.split(":")[3], profile=settings.get("profile"))
    return Client.of_settings(settings)
