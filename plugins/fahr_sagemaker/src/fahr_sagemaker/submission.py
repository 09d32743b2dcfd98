"""Sending a request once, whatever becomes of the answer.

A training job's name is taken once and for ever in an account and region. So a call that is
repeated makes no second job, and the run id in the job's variables tells whose job it is.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from fahr_core.errors import AccessError, FahrError
from fahr_core.models import Absent, Found, JobRef, Refused, Submitted, Unknown
from fahr_sagemaker import names
from fahr_sagemaker import secrets as secret_store
from fahr_sagemaker.client import Client
from fahr_sagemaker.failures import code_of, is_certain, is_refusal, is_throttling
from fahr_sagemaker.links import console_link

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fahr_core.models import Request

__all__ = ["find", "is_same", "is_unknown_job", "reference", "submit", "submit_all"]

_TAKEN = "ResourceInUse"
_LIMIT = "ResourceLimitExceeded"
#: What tells two jobs of one name apart without their variables.
_TOLD = (
    "AlgorithmSpecification.TrainingImage",
    "OutputDataConfig.S3OutputPath",
    "ResourceConfig.InstanceType",
    "RoleArn",
)
_UNKNOWN = re.compile(r"(?i)not found|could not find|does not exist")
#: ``The account-level service limit 'ml.g5.xlarge for training job usage' is 0 Instances, ...``
_LIMIT_TEXT = re.compile(r"usage' is (\d+)")


def submit_all(requests: Sequence[Request]) -> list[Submitted | Refused | Unknown]:
    """Make a training job of each request; a name is taken once and for ever."""
    return [submit(request) for request in requests]


def submit(request: Request) -> Submitted | Refused | Unknown:
    """Make the training job; a lost answer is Unknown."""
    try:
        client = Client.of_settings(request.job.settings)
    except FahrError as error:
        return Refused(reason=error.message, hints=error.hints)
    try:
        answer = client.call("sagemaker", "CreateTrainingJob", **request.body)
    except FahrError as error:
        return _without_secrets(client, request, _unsent(client, request, error), error)
    ref = reference(request, str(answer["TrainingJobArn"]))
    return Submitted(ref=ref, link=_link(ref))


def find(request: Request) -> Found | Absent | Unknown:
    """Say whether a request reached SageMaker, from any process."""
    client = Client.of_settings(request.job.settings)
    try:
        found = client.call("sagemaker", "DescribeTrainingJob", TrainingJobName=request.remote_name)
    except FahrError as error:
        return _not_described(client, request, error)
    if not is_same(found, request.body):
        return Absent(reason=f"another job is called {request.remote_name}")
    ref = reference(request, str(found["TrainingJobArn"]))
    return Found(ref=ref, link=_link(ref))


def reference(request: Request, arn: str) -> JobRef:
    """Give all that is needed to find a job again from any machine."""
    _, _, _, region, account, _ = arn.split(":", 5)
    output = str(request.body["OutputDataConfig"]["S3OutputPath"]).rstrip("/")
    secrets = request.body["Environment"].get(names.SECRETS_VARIABLE)
    data = {
        "account": account,
        "region": region,
        "arn": arn,
        "run_id": request.run_id,
        "output": f"{output}/{request.remote_name}/output/",
        "profile": request.job.settings.get("profile"),
        "secrets": secrets,
    }
    told = {key: value for key, value in data.items() if value is not None}
    return JobRef(driver=request.driver, id=request.remote_name, data=told)


def is_unknown_job(error: FahrError) -> bool:
    """Tell whether DescribeTrainingJob said that there is no such job.

    Source: DescribeTrainingJob, error ResourceNotFound; AWS in fact answers
    ``ValidationException: Requested resource not found.``, and services in its place
    ``Could not find training job``.
    """
    code = code_of(error)
    refused = code in ("ValidationException", "ValidationError")
    return code == "ResourceNotFound" or (refused and bool(_UNKNOWN.search(error.message)))


def _unsent(client: Client, request: Request, error: FahrError) -> Submitted | Refused | Unknown:
    """Tell what an error means: that nothing was made, or that nobody knows."""
    if code_of(error) == _TAKEN:
        return _taken(request, error)
    if is_throttling(error) or not (is_refusal(error) or is_certain(error)):
        return Unknown(reason=error.message)
    if not is_certain(error):  # an earlier attempt, whose answer was lost, may have arrived
        found = find(request)
        if isinstance(found, Found):
            return Submitted(ref=found.ref, link=found.link)
        if isinstance(found, Unknown):
            return found
    return _refused(client, request, error)


def _without_secrets(
    client: Client, request: Request, answer: Submitted | Refused | Unknown, error: FahrError
) -> Submitted | Refused | Unknown:
    """Let a job that is never made leave no secrets.

    One that waits for its turn needs them, and where the name is taken they are another job's.
    """
    place = request.body["Environment"].get(names.SECRETS_VARIABLE)
    if not place or not isinstance(answer, Refused) or answer.busy or code_of(error) == _TAKEN:
        return answer
    try:
        secret_store.remove(client, place)
    except FahrError as problem:
        left = f"its secrets are still there ({place}): {problem.message}"
        return replace(answer, hints=(*answer.hints, left))
    return answer


def _refused(client: Client, request: Request, error: FahrError) -> Refused:
    if code_of(error) == _LIMIT:
        return _beyond_limit(client, request, error)
    hints = error.hints
    if isinstance(error, AccessError) and "iam:PassRole" in error.message:
        role = request.body["RoleArn"]
        hints = (f"ask for iam:PassRole on {role}; without it nobody may give a job this role",)
    return Refused(reason=error.message, hints=hints)


def _taken(request: Request, error: FahrError) -> Submitted | Refused | Unknown:
    """See whose the name is: an earlier attempt of this very request may have arrived."""
    found = find(request)
    if isinstance(found, Found):
        return Submitted(ref=found.ref, link=found.link)
    if isinstance(found, Unknown):
        return found
    return Refused(
        reason=f"there is another job called {request.remote_name}, and names are used once",
        hints=("fahr fit --name ANOTHER", error.message),
    )


def _beyond_limit(client: Client, request: Request, error: FahrError) -> Refused:
    """Tell a quota that is too small from one that other jobs fill."""
    resources = request.body.get("ResourceConfig") or {}
    instance = resources.get("InstanceType") or "this machine"
    wanted = int(resources.get("InstanceCount") or 1)
    found = _LIMIT_TEXT.search(error.message)
    limit = int(found[1]) if found else 0
    if limit >= wanted:
        return Refused(
            reason=f"AWS allows {limit} x {instance} at once here, and other jobs have them",
            busy=True,
        )
    link = f"https://{client.region}.console.aws.amazon.com/servicequotas/home/services/sagemaker"
    return Refused(
        reason=f"AWS allows {limit} x {instance} for training in {client.region}, not {wanted}",
        hints=(f"raise it: {link}/quotas", "nothing is charged"),
    )


def _not_described(client: Client, request: Request, error: FahrError) -> Absent | Unknown:
    if not is_unknown_job(error):
        return Unknown(reason=error.message)
    account = str(request.body["RoleArn"]).split(":")[4]
    try:
        here = client.call("sts", "GetCallerIdentity")["Account"]
    except FahrError as failed:
        return Unknown(reason=failed.message)
    if here != account:
        return Unknown(reason=f"the job was sent to account {account}, and this is {here}")
    return Absent(reason="SageMaker has no job of this name")


def is_same(found: Mapping[str, Any], body: Mapping[str, Any]) -> bool:
    """Tell whether a training job is the one of a request: its very run, or the same content.

    The content counts for a name that somebody chose, where the ledger is empty each time. Where
    the service tells no variables at all, what it tells besides has to be that of the request.
    """
    there, own = found.get("Environment") or {}, body["Environment"]
    if not there:
        return all(_told(found, part) == _told(body, part) for part in _TOLD)
    return any(
        there.get(variable) and there.get(variable) == own.get(variable)
        for variable in (names.RUN_ID_VARIABLE, names.CONTENT_VARIABLE)
    )


def _told(request: Mapping[str, Any], part: str) -> Any:
    table, _, key = part.partition(".")
    return (request.get(table) or {}).get(key) if key else request.get(table)


def _link(ref: JobRef) -> str:
    return console_link(str(ref.data["region"]), ref.id, str(ref.data["arn"]).split(":")[1])
