"""SageMaker's calls about training jobs."""

from __future__ import annotations

import base64
import threading
from typing import TYPE_CHECKING, Any

from tests.clouds.aws.answers import ServiceError
from tests.clouds.aws.training_job import FINAL, TrainingJob

if TYPE_CHECKING:
    from collections.abc import Callable

NOT_FOUND = "Requested resource not found."
SORTS: dict[str, Callable[[TrainingJob], Any]] = {
    "CreationTime": lambda job: job.created,
    "Name": lambda job: job.name,
    "Status": lambda job: job.status,
}


class TrainingJobs:
    """All training jobs of the account in one region, and the calls about them."""

    def __init__(
        self,
        region: str,
        account: str,
        check: Callable[[dict[str, Any]], None],
        start: Callable[[TrainingJob], None],
    ) -> None:
        """Take what checks a request beyond its model, and what starts an accepted job."""
        self.region, self.account = region, account
        self._check, self._start = check, start
        self._lock = threading.Lock()
        self._jobs: dict[str, TrainingJob] = {}

    def __getitem__(self, name: str) -> TrainingJob:
        return self._jobs[name]

    def __iter__(self) -> Any:
        return iter(list(self._jobs.values()))

    def __len__(self) -> int:
        return len(self._jobs)

    def clear(self) -> None:
        """Forget all jobs."""
        self._jobs.clear()

    def handler(self, action: str, parameters: dict[str, Any]) -> Callable[..., Any] | None:
        """Give what answers a call; None leaves it to moto."""
        if action in ("AddTags", "ListTags", "DeleteTags"):
            about = parameters.get("ResourceArn", "")
            return getattr(self, action) if ":training-job/" in about else None
        return getattr(self, action, None) if "TrainingJob" in action else None

    # -- the calls, by their names --------------------------------------------------------

    def CreateTrainingJob(self, parameters: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        """Accept a job and start it."""
        name = parameters["TrainingJobName"]
        arn = f"arn:aws:sagemaker:{self.region}:{self.account}:training-job/{name.lower()}"
        job = TrainingJob(parameters, arn, tags=_tags(parameters))
        job.enter("Starting")
        with self._lock:
            if name.lower() in {known.lower() for known in self._jobs}:
                text = (
                    "Training job names must be unique within an AWS account and region, and a "
                    f"training job with this name already exists ({arn})"
                )
                raise ServiceError("ResourceInUse", text)
            self._check(parameters)
            self._jobs[name] = job
        self._start(job)
        return {"TrainingJobArn": arn}

    def DescribeTrainingJob(self, parameters: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        """Describe a job."""
        return self._find(parameters).description()

    def StopTrainingJob(self, parameters: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        """Ask a job to stop."""
        job = self._find(parameters)
        with job.changed:
            if job.status in FINAL:
                text = "The request was rejected because the training job is in status "
                raise ServiceError("ValidationException", f"{text}{job.status}.")
            if not job.stopping:
                job.enter("Stopping", status="Stopping")
                job.tell(stopping=True)
        return {}

    def DeleteTrainingJob(self, parameters: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        """Forget a job that has ended."""
        job = self._find(parameters)
        if job.status not in FINAL:
            text = f"Training job {job.name} cannot be deleted in status {job.status}."
            raise ServiceError("ResourceInUse", text)
        del self._jobs[job.name]
        return {}

    def ListTrainingJobs(self, parameters: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        """List the jobs that fit, a page at a time."""
        jobs = sorted(
            (job for job in self if _fits(job, parameters)),
            key=SORTS[parameters.get("SortBy", "CreationTime")],
            reverse=parameters.get("SortOrder") == "Descending",
        )
        start = _place(parameters.get("NextToken"))
        end = start + parameters.get("MaxResults", 10)
        answer: dict[str, Any] = {
            "TrainingJobSummaries": [job.summary() for job in jobs[start:end]]
        }
        if end < len(jobs):
            answer["NextToken"] = base64.b64encode(str(end).encode()).decode()
        return answer

    def AddTags(self, parameters: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        """Add tags to a job."""
        job = self._by_arn(parameters)
        job.tags.update(_tags(parameters))
        return {"Tags": _shown(job.tags)}

    def ListTags(self, parameters: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        """List a job's tags."""
        return {"Tags": _shown(self._by_arn(parameters).tags)}

    def DeleteTags(self, parameters: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        """Remove tags of a job."""
        job = self._by_arn(parameters)
        for key in parameters["TagKeys"]:
            job.tags.pop(key, None)
        return {}

    def _find(self, parameters: dict[str, Any]) -> TrainingJob:
        if job := self._jobs.get(parameters["TrainingJobName"]):
            return job
        raise ServiceError("ValidationException", NOT_FOUND)

    def _by_arn(self, parameters: dict[str, Any]) -> TrainingJob:
        for job in self:
            if job.arn == parameters["ResourceArn"]:
                return job
        raise ServiceError("ValidationException", NOT_FOUND)


def _fits(job: TrainingJob, wanted: dict[str, Any]) -> bool:
    return (
        wanted.get("NameContains", "").lower() in job.name.lower()
        and wanted.get("StatusEquals", job.status) == job.status
        and job.created > wanted.get("CreationTimeAfter", 0)
        and job.created < wanted.get("CreationTimeBefore", float("inf"))
        and job.modified > wanted.get("LastModifiedTimeAfter", 0)
        and job.modified < wanted.get("LastModifiedTimeBefore", float("inf"))
    )


def _place(token: str | None) -> int:
    if token is None:
        return 0
    try:
        return int(base64.b64decode(token, validate=True))
    except ValueError as error:
        raise ServiceError("ValidationException", "Invalid NextToken") from error


def _tags(parameters: dict[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in parameters.get("Tags", [])}


def _shown(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]
