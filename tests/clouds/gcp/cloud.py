"""The cloud as tests hold it: one object, whose variables redirect every client to it."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.clouds.faults import Faults
from tests.clouds.gcp import errors, services
from tests.clouds.gcp.accounts import LIFE, Accounts
from tests.clouds.gcp.artifact_registry import Repositories
from tests.clouds.gcp.credentials import Credentials
from tests.clouds.gcp.custom_jobs import CustomJobs
from tests.clouds.gcp.front import Front
from tests.clouds.gcp.keys import Keys
from tests.clouds.gcp.log_entries import Logs
from tests.clouds.gcp.mounts import Mounts
from tests.clouds.gcp.oauth import Metadata, OAuth
from tests.clouds.gcp.operations import Operations
from tests.clouds.gcp.project_calls import ProjectCalls
from tests.clouds.gcp.registry import Registry
from tests.clouds.gcp.runner import Runner
from tests.clouds.gcp.secret_manager import Secrets
from tests.clouds.gcp.storage import BucketCalls, DownloadCalls, ObjectCalls, UploadCalls
from tests.clouds.gcp.storage.bucket import Bucket, Store
from tests.clouds.gcp.validation import check_request
from tests.clouds.serving import Server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.clouds.gcp.asked import Asked, Call
    from tests.clouds.gcp.custom_job import CustomJob

PROJECT, NUMBER, REGION = "fahr-tests", "123456789012", "europe-west4"
REGIONS = ("europe-west4", "europe-west1", "us-central1", "us-east1", "asia-east1")


class Cloud:
    """A project at the test cloud."""

    def __init__(self) -> None:
        """Start the services and the registry; no engine is needed until a job runs."""
        self.project, self.number, self.regions = PROJECT, NUMBER, REGIONS
        self._own = tempfile.TemporaryDirectory(prefix="fahr-gcp-", ignore_cleanup_errors=True)
        self.folder = Path(self._own.name)
        self.keys = Keys(self.folder)
        self.credentials = Credentials(self, self.folder)
        self.faults = Faults()
        #: Every call of the user's and of the jobs', in order.
        self.calls: list[Call] = []
        #: What was asked for and is no method of any service here.
        self.strays: list[str] = []
        #: Permissions that somebody lacks: ``user``, ``job`` or ``service``.
        self.denied: set[tuple[str, str]] = set()
        #: Services that the project has not enabled, such as ``aiplatform``.
        self.disabled: set[str] = set()
        #: What of a quota there is in a region, where not plenty:
        #: ``quotas["europe-west4", "custom_model_training_nvidia_t4_gpus"] = 0``.
        self.quotas: dict[tuple[str, str], int] = {}
        #: Who has which role in the project.
        self.bindings: dict[str, set[str]] = {}
        self.buckets: dict[str, Bucket] = {}
        self.accounts = Accounts(PROJECT, NUMBER, self.keys)
        self.store = Store()
        self.logs = Logs(PROJECT, NUMBER)
        self.operations = Operations()
        self.repositories = Repositories(self)
        self.registry = Registry(self)
        self.secrets = Secrets(self)
        self.runner = Runner(self)
        self.mounts = Mounts(self)
        self.jobs = CustomJobs(self, self._check, self.runner.start)
        self._front = Front(self, self._services())
        self._servers = [Server(self._front)]
        self.port = self._servers[0].port
        self.registry.begin(self.endpoint)
        self.reset()

    def close(self) -> None:
        """End all jobs and services."""
        self.runner.end_all()
        self.runner.close()
        self.faults.clear()
        for server in self._servers:
            server.close()
        self.registry.close()
        self.mounts.close()
        self.store.close()
        self._own.cleanup()

    def reset(self) -> None:
        """Begin with an empty project: no bucket, job, repository, fault or record."""
        self.runner.end_all()
        for collection in (self.calls, self.strays, self.denied, self.disabled, self.buckets):
            collection.clear()
        for part in (self.jobs, self.repositories, self.secrets, self.faults, self.quotas):
            part.clear()
        self.bindings = {
            "roles/owner": {self.accounts.user},
            "roles/aiplatform.customCodeServiceAgent": {self.accounts.agent},
        }
        for each in (self.accounts, self.logs, self.operations, self.mounts):
            each.reset()
        #: Seconds between SIGTERM and SIGKILL; 30 in truth.
        self.grace = 30.0
        #: Whether the buckets are at ``/gcs``; the mount fails on some machines.
        self.gcs_mounted = True
        #: Whether there is an empty folder, where the mount fails.
        self.gcs_empty = False
        #: Whether a job fails when there are no machines, and does not wait for some.
        self.out_of_stock = False
        #: Whether storage asks for no token: official clients bring none to an emulator.
        self.anonymous = False
        #: Seconds for which a token holds.
        self.token_life = float(LIFE)
        #: Objects on a page of a list.
        self.storage_page = 1000
        #: What workload identity federation takes for a token of the outside.
        self.outside_token = "token-of-another-identity-provider"
        self.store.pause = 0.0
        self._machines = True

    # -- what a test uses -----------------------------------------------------------------

    @property
    def endpoint(self) -> str:
        """Give the address of all services on this machine."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def variables(self) -> dict[str, str]:
        """Give the variables that lead every client to this cloud, and to no other."""
        return {
            **self.redirections(self.endpoint),
            "GOOGLE_APPLICATION_CREDENTIALS": str(self.credentials.key()),
            "GOOGLE_CLOUD_PROJECT": PROJECT,
            "GCE_METADATA_HOST": "127.0.0.1:1",
            "NO_GCE_CHECK": "true",
            "NO_PROXY": "127.0.0.1,localhost",
            "no_proxy": "127.0.0.1,localhost",
        }

    def redirections(self, endpoint: str) -> dict[str, str]:
        """Give the variables by which clients find the services at another address."""
        return services.redirections(endpoint)

    def bucket(self, name: str, location: str = REGION) -> str:
        """Make a bucket; give it as ``gs://name``."""
        self.new_bucket(name, location)
        return f"gs://{name}"

    def new_bucket(self, name: str, location: str) -> Bucket:
        """Make a bucket; give it."""
        self.buckets[name] = Bucket(self.store, name, location)
        return self.buckets[name]

    def repository(self, name: str, location: str = REGION) -> str:
        """Make a repository for images; give what their names begin with."""
        return self.repositories.add(location, name)

    def service_account(self, name: str) -> str:
        """Make a service account; give its address."""
        return self.accounts.add(name)

    def deny(self, permission: str, who: str = "user") -> None:
        """Take a permission (``storage.objects.create``) from somebody.

        From the user, from all jobs (``job``), or from the service, which pulls (``service``).
        """
        self.denied.add((who, permission))

    @contextlib.contextmanager
    def no_machines(self) -> Iterator[None]:
        """Have no machines: jobs that are accepted wait as ``PENDING``."""
        self._machines = False
        try:
            yield
        finally:
            self._machines = True

    def interrupt(self, name: str) -> None:
        """Take the spot machines of a job away; it starts again on others."""
        job = self.jobs[name]
        if job.strategy != "SPOT":
            raise ValueError(f"{name} does not run on spot machines")
        job.tell(interrupting=True)

    def break_down(self, name: str) -> None:
        """Let the service itself fail below a job."""
        self.jobs[name].tell(breaking=True)

    def called(self, *names: str, since: float = 0) -> list[Call]:
        """Give the recorded calls of these names (``aiplatform:customJobs.create``); all: none."""
        return [
            call for call in self.calls if call.time >= since and (not names or call.name in names)
        ]

    def permissions(self, who: str = "user") -> set[str]:
        """Give the permissions that the recorded calls of the user, or of jobs, needed."""
        return {
            permission
            for call in self.calls
            if call.caller and self.accounts.kind(call.caller) == who
            for permission in call.permissions
        }

    # -- what the other parts use ---------------------------------------------------------

    def has_machines(self, job: CustomJob) -> bool:
        """Tell whether there are machines for a job."""
        return self._machines and not self.out_of_stock

    def check_enabled(self, service: str) -> None:
        """Check whether the project has enabled a service.

        Raises:
            ApiError: it has not.
        """
        if service in self.disabled:
            title = services.TITLES.get(service, f"{service} API")
            raise errors.disabled(service, title, NUMBER)

    def check_project(self, service: str, names: dict[str, str]) -> None:
        """Check whether an address names this project, by name or number.

        Raises:
            ApiError: it names another.
        """
        if names.get("project", PROJECT) not in (PROJECT, NUMBER, "-"):
            raise errors.unknown_project(service, names["project"])

    def check_permission(self, asked: Asked, service: str, permission: str) -> None:
        """Check whether the caller may, and note that they had to.

        Raises:
            ApiError: they may not.
        """
        if permission not in asked.needs:
            asked.needs.append(permission)
        if (self.accounts.kind(asked.caller), permission) in self.denied:
            resource = "/".join(asked.path.strip("/").partition("/")[2].split("/")[:4])
            raise errors.denied(service, asked.caller, permission, resource)

    def token_of(self, email: str) -> dict[str, Any]:
        """Give a new token of an account as OAuth does."""
        token = self.accounts.issue(email, self.token_life)
        life = int(self.token_life)
        return {"access_token": token.text, "expires_in": life, "token_type": "Bearer"}

    def listen_at(self, host: str) -> str:
        """Answer at another address of this machine too; give the URL of all services there."""
        if host not in [server.host for server in self._servers]:
            self._servers.append(Server(self._front, host, self.port))
        return f"http://{host}:{self.port}"

    def _check(self, wanted: dict[str, Any], location: str, asked: Asked) -> dict[str, Any]:
        return check_request(self, wanted, location, asked)

    def _services(self) -> list[Any]:
        buckets = BucketCalls(self)
        storage = [ObjectCalls(self, buckets), DownloadCalls(buckets), UploadCalls(self, buckets)]
        own = [self.jobs, self.logs, self.operations, self.repositories, self.registry]
        others = [OAuth(self), Metadata(self), ProjectCalls(self), self.secrets]
        return [*others, *own, buckets, *storage]
