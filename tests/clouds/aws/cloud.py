"""The cloud as tests hold it: one object, whose variables redirect every AWS client to it."""

from __future__ import annotations

import contextlib
import json
import secrets
import threading
import time
from typing import TYPE_CHECKING, Any

from tests.clouds.aws import answers, policies
from tests.clouds.aws.answers import ServiceError
from tests.clouds.aws.front import Front, MotoHandler
from tests.clouds.aws.registry import Registry
from tests.clouds.aws.rules import PRINCIPAL, check_request
from tests.clouds.aws.runner import Runner
from tests.clouds.aws.training_jobs import TrainingJobs
from tests.clouds.faults import Faults
from tests.clouds.serving import Server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.clouds.aws.calls import Call
    from tests.clouds.striking import Answer

#: The account that moto has, and the region that the variables name.
ACCOUNT, REGION = "123456789012", "eu-west-1"
USER = f"arn:aws:sts::{ACCOUNT}:user/moto"
USER_KEY, OWN_KEY = "AKIAOFTHETESTSUSER01", "AKIAOFTHECLOUDITSELF"
#: The user's once more: that of a login after the one that expired.
NEW_KEY = "ASIAOFTHEUSERSNEWKEY"
#: The service moves data and log lines as the job's role, not as itself.
ROLE_KEY = "ASIAOFTHEJOBSOWNROLE"
SECRET = "of-the-test-cloud"


class Cloud:
    """An account at the test cloud; one at a time in a process, since moto's state is global."""

    def __init__(self) -> None:
        """Start the services and the registry; no engine is needed until a job runs."""
        from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

        #: Seconds between SIGTERM and SIGKILL, 120 in truth.
        self.grace = 120.0
        #: Seconds between two uploads of checkpoints while a job runs.
        self.checkpoint_interval = 1.0
        #: Machines of a type that a job may have; 20 where nothing is said.
        self.quotas: dict[str, int] = {}
        #: Permissions that the user (``user``) or all jobs (``job``) lack, as policies name them.
        self.denied: set[tuple[str, str]] = set()
        #: Every call of the user's and of the jobs', in order.
        self.calls: list[Call] = []
        self._of_role: set[str] = set()
        self.faults = Faults()
        #: Set while there are machines to be had.
        self.capacity = threading.Event()
        self._credentials: dict[str, dict[str, str]] = {}
        self._expired: set[str] = set()
        self._clients: dict[tuple[str, str], Any] = {}
        self._making = threading.Lock()
        self.registry = Registry(ACCOUNT)
        self._front = Front(self, DomainDispatcherApplication(create_backend_app))
        self._servers = [Server(self._front, handler=MotoHandler)]
        self.port = self._servers[0].port
        self.runner = Runner(self)
        self.jobs = TrainingJobs(REGION, ACCOUNT, self._check, self.runner.start)
        self.reset()

    def close(self) -> None:
        """End all jobs and services."""
        self.runner.end_all()
        self.runner.close()
        for client in self._clients.values():
            client.close()
        self.faults.clear()
        for server in self._servers:
            server.close()
        self.registry.close()

    def reset(self) -> None:
        """Begin with an empty account: no bucket, role, repository, job, fault or record."""
        from moto.moto_api._internal import moto_api_backend

        self.runner.end_all()
        moto_api_backend.reset()
        self.grace, self.checkpoint_interval = 120.0, 1.0
        for collection in (
            self.quotas,
            self.denied,
            self.calls,
            self.jobs,
            self._expired,
            self._of_role,
        ):
            collection.clear()
        self.faults.clear()
        self._credentials.clear()
        self.capacity.set()

    # -- what a test uses -----------------------------------------------------------------

    @property
    def endpoint(self) -> str:
        """Give the address of all services on this machine."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def variables(self) -> dict[str, str]:
        """Give the variables that lead every AWS client to this cloud, and to no other."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": USER_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "NO_PROXY": "127.0.0.1,localhost",
            "no_proxy": "127.0.0.1,localhost",
        }

    def client(self, service: str, *, own: bool = False) -> Any:
        """Give a boto3 client of the user, which the caller closes.

        One of the cloud itself (`own`) is kept by the cloud, and its calls are not recorded.
        """
        return self._kept_client(service, OWN_KEY) if own else self._new_client(service, USER_KEY)

    def role_client(self, service: str) -> Any:
        """Give the client by which the service does what a job's role has to allow."""
        return self._kept_client(service, ROLE_KEY)

    def _kept_client(self, service: str, access_key: str) -> Any:
        with self._making:
            if (service, access_key) not in self._clients:
                self._clients[service, access_key] = self._new_client(service, access_key)
            return self._clients[service, access_key]

    def _new_client(self, service: str, access_key: str) -> Any:
        import boto3
        from botocore.config import Config

        config = Config(retries={"total_max_attempts": 1}, proxies={}, read_timeout=300)
        return boto3.session.Session().client(
            service,
            region_name=REGION,
            endpoint_url=self.endpoint,
            aws_access_key_id=access_key,
            aws_secret_access_key=SECRET,
            config=config,
        )

    def bucket(self, name: str) -> str:
        """Make a bucket; give it as ``s3://name``."""
        place = {"LocationConstraint": REGION}
        s3 = self.client("s3", own=True)
        s3.create_bucket(Bucket=name, CreateBucketConfiguration=place)
        return f"s3://{name}"

    def role(self, name: str, *, trusts: str = PRINCIPAL) -> str:
        """Make a role that a service is trusted to take; give its ARN."""
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": trusts},
            "Action": "sts:AssumeRole",
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam = self.client("iam", own=True)
        made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=policy)
        return str(made["Role"]["Arn"])

    def repository(self, name: str) -> str:
        """Make a repository for images; give its URI."""
        made = self.client("ecr", own=True).create_repository(repositoryName=name)
        return str(made["repository"]["repositoryUri"])

    def deny(self, permission: str, who: str = "user") -> None:
        """Take a permission (``s3:PutObject``) from the user, or from the jobs (``job``)."""
        self.denied.add((who, permission))

    def expire_credentials(self) -> None:
        """Let the user's credentials be over; those of a new login (``NEW_KEY``) hold."""
        self._expired.add(USER_KEY)

    def renew_credentials(self) -> None:
        """Let the user's credentials hold again."""
        self._expired.clear()

    @contextlib.contextmanager
    def no_capacity(self) -> Iterator[None]:
        """Have no machines: jobs that are accepted wait as ``Pending``."""
        self.capacity.clear()
        try:
            yield
        finally:
            self.capacity.set()

    def interrupt(self, name: str) -> None:
        """Take the spot machines of a job away; it starts again on others."""
        job = self.jobs[name]
        if not job.request.get("EnableManagedSpotTraining"):
            raise ValueError(f"{name} does not run on spot machines")
        job.tell(interrupting=True)

    def break_down(self, name: str) -> None:
        """Let the service itself fail below a job (InternalServerError)."""
        self.jobs[name].tell(breaking=True)

    def called(self, *names: str, since: float = 0) -> list[Call]:
        """Give the recorded calls of these names (``sagemaker:CreateTrainingJob``); all: none."""
        return [
            call for call in self.calls if call.time >= since and (not names or call.name in names)
        ]

    def permissions(self, who: str = "user") -> set[str]:
        """Give the permissions that the calls of the user, of jobs, or of their role, needed."""
        if who == "role":
            return set(self._of_role)
        needed = {call.permission for call in self.calls if self.caller(call) == who}
        if who == "user" and "sagemaker:CreateTrainingJob" in needed:
            needed.add("iam:PassRole")
        return needed

    # -- what the other parts use ---------------------------------------------------------

    def is_own(self, call: Call) -> bool:
        """Tell whether the cloud itself calls; what it does by a job's role is noted."""
        if call.access_key == ROLE_KEY:
            self._of_role.add(call.permission)
        return call.access_key in (OWN_KEY, ROLE_KEY)

    def caller(self, call: Call) -> str:
        """Tell who calls: ``user``, ``job`` or nobody known."""
        if call.access_key in (USER_KEY, NEW_KEY):
            return "user"
        known = {each["AccessKeyId"] for each in self._credentials.values()}
        return "job" if call.access_key in known else ""

    def admit(self, call: Call) -> None:
        """Check who calls, and whether they may.

        Raises:
            ServiceError: unknown, expired, or without the permission.
        """
        if self.is_own(call):
            return
        if call.access_key in self._expired:
            raise answers.expired_key(call)
        if not (who := self.caller(call)):
            raise answers.unknown_key(call)
        if (who, call.permission) in self.denied:
            raise answers.denied(call, USER, call.permission)
        if call.name == "sagemaker:CreateTrainingJob" and (who, "iam:PassRole") in self.denied:
            role = call.parameters.get("RoleArn", "*")
            raise answers.denied(call, USER, "iam:PassRole", role)

    def handler(self, call: Call) -> Callable[..., Any] | None:
        """Give what answers a call in moto's place."""
        if call.service == "sagemaker":
            if call.region != REGION:
                raise ServiceError("ValidationException", f"this cloud has {REGION} alone")
            return self.jobs.handler(call.action, call.parameters)
        return None

    def simulated(self, call: Call) -> Answer | None:
        """Answer what moto cannot about policies; None for every other call."""
        return policies.simulate(call, {name for who, name in self.denied if who == "user"})

    def lend_credentials(self, role: str) -> str:
        """Make credentials of a role for a job; give the token of their address."""
        token = secrets.token_hex(16)
        expires = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 6 * 3600))
        self._credentials[token] = {
            "RoleArn": role,
            "AccessKeyId": f"ASIA{token[:16].upper()}",
            "SecretAccessKey": SECRET,
            "Token": f"session-{token}",
            "Expiration": expires,
        }
        return token

    def credentials_of(self, token: str) -> dict[str, str] | None:
        """Give the credentials that a job asks for."""
        return self._credentials.get(token)

    def listen_at(self, host: str) -> str:
        """Answer at another address of this machine too; give the URL of all services there."""
        if host not in [server.host for server in self._servers]:
            self._servers.append(Server(self._front, host, self.port, MotoHandler))
        return f"http://{host}:{self.port}"

    def _check(self, request: dict[str, Any]) -> None:
        check_request(request, ACCOUNT, self.registry, self.quotas)
