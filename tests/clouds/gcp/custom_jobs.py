"""Vertex AI's calls about custom jobs."""

from __future__ import annotations

import base64
import random
from typing import TYPE_CHECKING, Any

from tests.clouds.gcp.custom_job import FINAL, CustomJob
from tests.clouds.gcp.errors import ApiError, invalid
from tests.clouds.gcp.job_filter import matches
from tests.clouds.gcp.routes import route

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.clouds.gcp.asked import Asked
    from tests.clouds.gcp.cloud import Cloud

PARENT = "/v1/projects/{project}/locations/{location}"
ONE = PARENT + "/customJobs/{job}"
MOST = 100


class CustomJobs:
    """All custom jobs of the project, and the calls about them."""

    def __init__(
        self,
        cloud: Cloud,
        check: Callable[[dict[str, Any], str, Asked], dict[str, Any]],
        start: Callable[[CustomJob], None],
    ) -> None:
        """Take what checks a request, and what starts an accepted job."""
        self._cloud, self._check, self._start = cloud, check, start
        self._jobs: dict[str, CustomJob] = {}

    def __getitem__(self, name: str) -> CustomJob:
        """Give a job by its number, its resource's name, or its display name."""
        for job in reversed(list(self)):
            if name in (job.number, job.asked["displayName"]) or name.endswith(f"/{job.number}"):
                return job
        raise KeyError(name)

    def __iter__(self) -> Iterator[CustomJob]:
        return iter(list(self._jobs.values()))

    def __len__(self) -> int:
        return len(self._jobs)

    def place(self, job: CustomJob) -> CustomJob:
        """Put a job into the project as if it had been made there; nothing runs it."""
        self._jobs[job.number] = job
        return job

    def clear(self) -> None:
        """Forget all jobs."""
        self._jobs.clear()

    def at(self, address: str) -> CustomJob | None:
        """Give the job one of whose machines has an address."""
        return next((job for job in reversed(list(self)) if address in job.addresses), None)

    @route(
        "POST " + PARENT + "/customJobs",
        "aiplatform:customJobs.create",
        "aiplatform.customJobs.create",
    )
    def create(self, asked: Asked) -> Any:
        """Accept a job and start it."""
        location = self._location(asked)
        wanted = self._check(asked.json(), location, asked)
        account = wanted["jobSpec"].get("serviceAccount") or self._cloud.accounts.agent
        number = str(random.randrange(10**17, 9 * 10**18))
        parent = f"projects/{self._cloud.number}/locations/{location}"
        job = CustomJob(wanted, number, f"{parent}/customJobs/{number}", account)
        self.place(job)
        made = self._shown(asked, job)
        self._start(job)
        return made

    @route("GET " + ONE, "aiplatform:customJobs.get", "aiplatform.customJobs.get")
    def get(self, asked: Asked) -> Any:
        """Tell of a job."""
        return self._shown(asked, self._find(asked))

    @route(
        "GET " + PARENT + "/customJobs", "aiplatform:customJobs.list", "aiplatform.customJobs.list"
    )
    def list(self, asked: Asked) -> Any:
        """List the jobs that fit, newest first, a page at a time."""
        location = self._location(asked)
        query = asked.query
        try:
            size = int(query.get("pageSize") or MOST)
            start = int(base64.b64decode(query.get("pageToken", "")) or 0)
        except ValueError as error:
            raise invalid("Request contains an invalid argument.") from error
        found = [
            each
            for each in (self._shown(asked, job) for job in reversed([*self]))
            if each["name"].split("/")[3] == location and matches(query.get("filter", ""), each)
        ]
        end = start + min(size, MOST)
        told: dict[str, Any] = {"customJobs": found[start:end]} if found[start:end] else {}
        if end < len(found):
            told["nextPageToken"] = base64.b64encode(str(end).encode()).decode()
        return told

    @route(
        "POST " + ONE + ":cancel", "aiplatform:customJobs.cancel", "aiplatform.customJobs.cancel"
    )
    def cancel(self, asked: Asked) -> Any:
        """Ask a job to stop; one that has ended stays as it is."""
        job = self._find(asked)
        with job.changed:
            if job.state in FINAL:
                text = f"Job is in a terminal state: JOB_STATE_{job.state}"
                raise ApiError(400, text, status="FAILED_PRECONDITION")
            if not job.cancelling:
                job.enter("CANCELLING")
                job.tell(cancelling=True)
        return {}

    @route("DELETE " + ONE, "aiplatform:customJobs.delete", "aiplatform.customJobs.delete")
    def delete(self, asked: Asked) -> Any:
        """Forget a job that has ended."""
        job = self._find(asked)
        if job.state not in FINAL:
            text = f'The CustomJob "{job.resource}" is in state JOB_STATE_{job.state} and '
            text += "cannot be deleted. Cancel it first."
            raise ApiError(400, text, status="FAILED_PRECONDITION")
        del self._jobs[job.number]
        parent = job.resource.rpartition("/customJobs/")[0]
        done = {"@type": "type.googleapis.com/google.protobuf.Empty"}
        return self._cloud.operations.begin(parent, done, lambda: None)

    def _shown(self, asked: Asked, job: CustomJob) -> dict[str, Any]:
        return job.shown(numbers=_by_number(asked))

    def _location(self, asked: Asked) -> str:
        location = asked.name("location")
        if location not in self._cloud.regions:
            raise invalid(f"Unsupported region for Vertex AI: {location}")
        return location

    def _find(self, asked: Asked) -> CustomJob:
        location, number = self._location(asked), asked.name("job")
        found = self._jobs.get(number)
        if found is None or found.location != location:
            name = f"projects/{self._cloud.number}/locations/{location}/customJobs/{number}"
            raise ApiError(404, f'The CustomJob "{name}" does not exist.')
        return found


def _by_number(asked: Asked) -> bool:
    return "enum-encoding=int" in asked.query.get("$alt", "")
