"""What a job will need of AWS, asked before anything is spent, several questions at once."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

from fahr_core.errors import AccessError, FahrError
from fahr_core.findings import finding_of, found_at_once, found_by
from fahr_core.models import Finding
from fahr_sagemaker import account as accounts
from fahr_sagemaker.client import Client
from fahr_sagemaker.failures import cause_of, code_of
from fahr_sagemaker.inputs import foreign_places, look_for
from fahr_sagemaker.instances import choose_instance
from fahr_sagemaker.request import complete
from fahr_sagemaker.staging import split_uri
from fahr_sagemaker.submission import is_same, is_unknown_job
from fahr_sagemaker.telling import machine_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fahr_core.models import Job

__all__ = ["examine"]

_SERVICE = "sagemaker.amazonaws.com"
#: Stands for what is not known yet while a request is checked.
_STAND_IN = accounts.Account(
    number="0" * 12,
    partition="aws",
    region="us-east-1",
    role="arn:aws:iam::000000000000:role/unknown",
    repository="unknown",
)


def examine(job: Job) -> list[Finding]:
    """Give what was found, one entry for each question; what is well is told too."""
    faults, body, places = _checked_request(job)
    client = Client.of_settings(job.settings)
    try:
        number, partition = accounts.identity(client)
        region = client.region
    except FahrError as error:
        return [*faults, finding_of("credentials", error)]
    checks = _Checks(job, client, body)
    # What was asked first has shown that AWS answers; the rest costs one turn together.
    questions = [
        ("role", checks.role),
        ("bucket", checks.bucket),
        ("ECR", checks.repository),
        ("name", checks.name),
    ]
    if places:
        questions.append(("inputs", partial(look_for, client, places)))
    findings = found_at_once([partial(found_by, *question) for question in questions])
    who = Finding(level="ok", subject="credentials", message=f"account {number}, {region}")
    if checks.role_arn and checks.uri:
        account = accounts.Account(
            number=number,
            partition=partition,
            region=region,
            role=checks.role_arn,
            repository=checks.uri,
        )
        accounts.learn(client, job.settings, account)
    return [*faults, *_machine(body), who, *findings]


def _machine(body: Mapping[str, Any] | None) -> list[Finding]:
    """Tell what will be paid for, before anything is."""
    return [Finding(level="ok", subject="machine", message=machine_line(body))] if body else []


class _Checks:
    """The questions; each gives what is well in words, and raises what is not."""

    def __init__(self, job: Job, client: Client, body: Mapping[str, Any] | None) -> None:
        self._job = job
        self._body = body
        self._settings = job.settings
        self._client = client
        self.role_arn: str | None = None
        self.uri: str | None = None

    def role(self) -> str:
        """See that the role is there and that SageMaker may take it."""
        arn, trust = accounts.role_arn(self._client, self._settings)
        self.role_arn = arn
        if trust is None:
            return f"{arn}, as given"
        if not _trusts(trust):
            raise AccessError(f"{arn} does not trust {_SERVICE}", *_trust_lines(arn, trust))
        return arn

    def bucket(self) -> str:
        """See that the bucket can be reached and lies in the region."""
        bucket, _ = split_uri(self._settings["output_path"])
        try:
            answer = self._client.call("s3", "HeadBucket", Bucket=bucket)
        except FahrError as error:
            raise self._bucket_error(bucket, error) from error
        region = answer.get("BucketRegion") or self._client.region
        if region != self._client.region:
            raise FahrError(
                f"bucket {bucket} lies in {region}, the job runs in {self._client.region}",
                f"fahr fit -c region={region}",
            )
        return f"{bucket} in {region}"

    def repository(self) -> str:
        """See that ECR answers; the repository is made later, where it is missing."""
        self.uri = accounts.repository_uri(self._client, str(self._settings["repository"]))
        return self.uri

    def name(self) -> str:
        """See that no other job has the name, where somebody chose it."""
        name = self._job.remote_name
        try:
            found = self._client.call("sagemaker", "DescribeTrainingJob", TrainingJobName=name)
        except FahrError as error:
            if is_unknown_job(error):
                return f"{name} is free"
            raise
        if self._body and is_same(found, self._body):
            return f"{name} has the same content already"
        raise FahrError(
            f"there is another job called {name}, and names are used once",
            "fahr fit --name ANOTHER",
        )

    def _bucket_error(self, bucket: str, error: FahrError) -> FahrError:
        if code_of(error) in ("404", "NoSuchBucket"):
            made = f"aws s3 mb s3://{bucket} --region {self._client.region}"
            return FahrError(f"there is no bucket {bucket}", made)
        if code_of(error) == "301" or _redirected(error):
            region = _redirected(error) or "ANOTHER"
            return FahrError(f"bucket {bucket} lies in {region}", f"fahr fit -c region={region}")
        return error


def _checked_request(
    job: Job,
) -> tuple[list[Finding], Mapping[str, Any] | None, Mapping[str, str]]:
    """Check the request as far as it is known, and say what it reads that has to be there."""
    try:
        gpu_image = bool(job.gpu) or "gpu" in (job.build_driver or "")
        instance = choose_instance(job.settings["instance_type"], job.gpu, gpu_image=gpu_image)
        body, uploads = complete(job, _STAND_IN, instance, "image")
    except FahrError as error:
        return [finding_of("settings", error)], None, {}
    return [], body, foreign_places(body, uploads)


def _redirected(error: FahrError) -> str | None:
    """Give the region that S3 names where a bucket lies in another one."""
    response: Any = getattr(cause_of(error), "response", None) or {}
    headers = response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    return headers.get("x-amz-bucket-region") if code_of(error) == "301" else None


def _trusts(policy: Mapping[str, Any]) -> bool:
    statements = policy.get("Statement") or []
    listed = statements if isinstance(statements, list) else [statements]
    return any(_allows(statement) for statement in listed)


def _allows(statement: Mapping[str, Any]) -> bool:
    principal = statement.get("Principal")
    services = principal.get("Service", []) if isinstance(principal, dict) else []
    listed = [services] if isinstance(services, str) else list(services)
    of_sagemaker = any(name.startswith("sagemaker.amazonaws.") for name in listed)
    return statement.get("Effect") == "Allow" and (of_sagemaker or principal == "*")


def _trust_lines(arn: str, policy: Mapping[str, Any]) -> tuple[str, ...]:
    """Give the command that adds SageMaker to those whom the role trusts."""
    own = {
        "Effect": "Allow",
        "Principal": {"Service": _SERVICE},
        "Action": "sts:AssumeRole",
    }
    there = policy.get("Statement") or []
    statements = [*(there if isinstance(there, list) else [there]), own]
    document = json.dumps({"Version": policy.get("Version", "2012-10-17"), "Statement": statements})
    name = arn.rpartition("/")[2]
    return (f"aws iam update-assume-role-policy --role-name {name} --policy-document '{document}'",)
