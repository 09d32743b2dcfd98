"""What a job will need of Google, asked before anything is spent, several questions at once."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from fahr_core.errors import AccessError, FahrError, ServiceError
from fahr_core.findings import finding_of, found_at_once, found_by
from fahr_core.models import Finding
from fahr_core.request_parts import machine_count
from fahr_gcp.artifact_registry import repository_of, target_of
from fahr_gcp.availability import regions_with
from fahr_gcp.client import Client
from fahr_gcp.enabled import enabled, told_once
from fahr_gcp.failures import status_of
from fahr_gcp.objects import split
from fahr_gcp.quota import quota_of
from fahr_gcp.regions import region_findings
from fahr_gcp.request import complete, machine_of
from fahr_gcp.roles import act_as
from fahr_gcp.submission import is_same, jobs_named
from fahr_gcp.telling import machine_line

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from fahr_core.models import Job
    from fahr_gcp.machines import Machine

__all__ = ["examine"]

_ACT_AS = "iam.serviceAccounts.actAs"
#: How Google answers a path that it does not know; so does a stand-in for Cloud Storage that has
#: buckets and no permissions.
_UNKNOWN = (400, 404, 405, 501)
#: How many regions with an accelerator are named where the job's has none.
_MOST_TOLD = 4
#: Stands for what is not known yet while a request is checked.
_STAND_IN = "unknown"
#: What a bucket allows that this job needs. Source: "Test IAM permissions", Cloud Storage.
_PERMISSIONS = ("storage.objects.create", "storage.objects.get", "storage.objects.list")


def examine(job: Job) -> list[Finding]:
    """Give what was found, one entry for each question; what is well is told too."""
    told, machine, body = _checked_request(job)
    client = Client.of_settings(job.settings)
    try:
        client.token()
    except FahrError as error:
        return [*told, finding_of("credentials", error)]
    who = f"{client.identity or 'as you are'}, project {client.project}, {client.region}"
    told.append(Finding(level="ok", subject="credentials", message=who))
    region = region_findings(client)
    there = all(found.level != "error" for found in region)
    checks = _Checks(job, client, machine, body)
    questions = [
        partial(found_by, "services", partial(enabled, client, secrets=bool(job.secrets))),
        checks.bucket if there else partial(found_by, "bucket", checks.written),
        *(checks.of_region() if there else ()),
    ]
    if job.settings["service_account"]:
        questions.append(partial(found_by, "service account", checks.service_account))
    return [*told, *region, *told_once(found_at_once(questions))]


class _Checks:
    """The questions; each gives what is well in words, and raises what is not."""

    def __init__(
        self, job: Job, client: Client, machine: Machine | None, body: Mapping[str, Any] | None
    ) -> None:
        self._job, self._settings = job, job.settings
        self._client = client
        self._machine, self._body = machine, body

    def of_region(self) -> list[Callable[[], list[Finding]]]:
        """Give the questions that are put to the job's region."""
        return [
            partial(found_by, "repository", self.repository),
            partial(found_by, "name", self.name),
            self.accelerator,
            self.quota,
        ]

    def bucket(self) -> list[Finding]:
        """See that the bucket is there, may be written, and is not far from the job."""
        bucket, path = self._bucket()
        found = found_by("bucket", self.written)
        if found[0].level != "ok":
            return found
        location, in_one_region = self._location_of(path)
        if not location:
            return found
        here, level, told = self._client.region, "ok", f"{bucket} in {location}"
        if in_one_region and location != here:
            level, told = "warning", f"{told}, not in {here}: traffic between regions is charged"
        return [Finding(level=level, subject="bucket", message=told)]

    def written(self) -> str:
        """See that the bucket is there and may be written."""
        bucket, path = self._bucket()
        told = self._allowed(bucket, path)
        missing = [one for one in _PERMISSIONS if one not in told]
        if missing:
            raise AccessError(
                f"bucket {bucket}: these credentials may not {', '.join(missing)}",
                f"gcloud storage buckets add-iam-policy-binding gs://{bucket} "
                f"--member={self._client.member} --role=roles/storage.objectUser",
            )
        return bucket

    def repository(self) -> str:
        """See that Artifact Registry answers; the repository is made later, where it is missing."""
        uri = str(target_of(self._job).repository)
        repository = repository_of(uri)
        if repository is None:
            return f"{uri}, as given"
        try:
            self._client.call("artifactregistry", "GET", repository.path)
        except FahrError as error:
            if status_of(error) != 404:
                raise
            return f"{uri}, to be made"
        return uri

    def service_account(self) -> str:
        """See that the service account is there, and that a job may be sent as it."""
        account = str(self._settings["service_account"])
        path = f"v1/projects/-/serviceAccounts/{account}"
        try:
            told = self._client.call("iam", "GET", path, attempts=1)
        except (AccessError, ServiceError):
            return f"{account}, as given: it cannot be looked up"
        except FahrError as error:
            if status_of(error) != 404:
                raise
            project = f"--project={self._client.project}"
            raise FahrError(
                f"there is no service account {account}",
                f"gcloud iam service-accounts list {project}",
            ) from error
        if told.get("disabled"):
            enable = f"gcloud iam service-accounts enable {account}"
            raise FahrError(f"the service account {account} is disabled", enable)
        if not self._may_act_as(path):
            raise AccessError(
                f"these credentials may not act as {account}", act_as(self._client, account)
            )
        return account

    def name(self) -> str:
        """See that no other job has the name, where somebody chose it."""
        name = self._job.remote_name
        made = jobs_named(self._client, name)
        if not made:
            return f"{name} is free"
        own = self._body["labels"] if self._body else {}
        if any(is_same(job, own) for job in made):
            return f"{name} has the same content already"
        raise FahrError(
            f"there is another job called {name}, of other content", "fahr fit --name ANOTHER"
        )

    def accelerator(self) -> list[Finding]:
        """See that the region has the job's accelerator; Vertex AI tells it to a job alone."""
        wanted, here = self._machine and self._machine.accelerator, self._client.region
        if not wanted:
            return []
        try:
            regions = regions_with(self._client, wanted)
        except FahrError:
            return []  # it is not needed for a job
        if not regions or here in regions:
            return []
        near = sorted(regions, key=lambda region: region.split("-")[0] != here.split("-")[0])
        first, *others = near[:_MOST_TOLD]
        hint = f"fahr fit -c region={first}"
        hint += f"    or {', '.join(others)}" if others else ""
        message = f"no zone of {here} has {wanted}"
        return [Finding(level="error", subject="accelerator", message=message, hints=(hint,))]

    def quota(self) -> list[Finding]:
        """See that the region has as many accelerators for this project as the job takes."""
        machine = self._machine
        if machine is None or machine.accelerator is None:
            return []
        strategy = str(self._settings["strategy"])
        wanted = machine.count * machine_count(self._job, "replica_count")
        try:
            allowed = quota_of(self._client, machine.accelerator, spot=strategy == "spot")
        except FahrError as error:
            return [finding_of("quota", error, "warning")]
        if allowed is None:
            return []
        told = f"{allowed} x {machine.accelerator} for training in {self._client.region}"
        if allowed >= wanted:
            return [Finding(level="ok", subject="quota", message=told)]
        project = self._client.project
        page = f"https://console.cloud.google.com/iam-admin/quotas?project={project}"
        return [
            Finding(
                level="error",
                subject="quota",
                message=f"Google allows {told}, not {wanted}",
                hints=(f"raise it: {page}", "fahr fit -c region=ANOTHER"),
            )
        ]

    def _bucket(self) -> tuple[str, str]:
        bucket, _ = split(self._settings["output_path"])
        return bucket, f"storage/v1/b/{quote(bucket, safe='')}"

    def _may_act_as(self, path: str) -> bool:
        query = {"permissions": [_ACT_AS]}
        try:
            told = self._client.call("iam", "POST", f"{path}:testIamPermissions", body=query)
        except FahrError:
            return True  # Vertex AI will tell
        return _ACT_AS in (told.get("permissions") or ())

    def _allowed(self, bucket: str, path: str) -> list[str]:
        query = {"permissions": list(_PERMISSIONS)}
        try:
            told = self._client.call("storage", "GET", f"{path}/iam/testPermissions", query)
        except FahrError as error:
            if status_of(error) not in _UNKNOWN:
                raise
            self._there(bucket, path)
            return list(_PERMISSIONS)
        return [str(one) for one in told.get("permissions") or ()]

    def _there(self, bucket: str, path: str) -> None:
        try:
            self._client.call("storage", "GET", path, {"fields": "name"})
        except FahrError as error:
            if status_of(error) != 404:
                raise
            region, project = self._client.region, self._client.project
            made = f"gcloud storage buckets create gs://{bucket} --location={region}"
            made += f" --project={project}"
            raise FahrError(f"there is no bucket {bucket}", made) from error

    def _location_of(self, path: str) -> tuple[str, bool]:
        """Give where the bucket is, and whether in one region; nothing where that is not told."""
        try:
            told = self._client.call("storage", "GET", path, {"fields": "location,locationType"})
        except FahrError:
            return "", False
        return str(told.get("location") or "").lower(), told.get("locationType") == "region"


def _checked_request(
    job: Job,
) -> tuple[list[Finding], Machine | None, Mapping[str, Any] | None]:
    """Check the request as far as it is known, and tell what will be paid for."""
    gpu_image = bool(job.gpu) or "gpu" in (job.build_driver or "")
    try:
        machine = machine_of(job, gpu_image=gpu_image)
        body = complete(job, machine, _STAND_IN)[0]
    except FahrError as error:
        return [finding_of("settings", error)], None, None
    told = Finding(level="ok", subject="machine", message=machine_line(job, body))
    return [told], machine, body
