"""One attempt of a training job: machines, downloads, training, uploads."""

from __future__ import annotations

import enum
import shutil
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.clouds.aws import layout, storage
from tests.clouds.aws.log_shipping import Shipping
from tests.clouds.hosts import Hosts, Lead, gateway
from tests.clouds.runner import JobError

if TYPE_CHECKING:
    from tests.clouds.aws.cloud import Cloud
    from tests.clouds.aws.training_job import TrainingJob

DEFAULT_RUNTIME = 86400
FAILURE_LIMIT = 1024
CREDENTIALS = "169.254.170.2"
NO_IMAGE = "ClientError: Cannot pull algorithm container. Either the image does not exist or its "
NO_IMAGE += "permissions are incorrect."


class Ending(enum.Enum):
    """How an attempt ends; the values of the stopped ones are secondary statuses."""

    COMPLETED = "Completed"
    FAILED = "Failed"
    STOPPED = "Stopped"
    TOO_LONG = "MaxRuntimeExceeded"
    WAITED = "MaxWaitTimeExceeded"
    INTERRUPTED = "Interrupted"
    BROKEN = "broken"


class Attempt:
    """Takes a job from its start to the end of its containers."""

    def __init__(self, cloud: Cloud, job: TrainingJob) -> None:
        """Take the cloud and the job; nothing is made yet."""
        self._cloud, self._job, self._request = cloud, job, job.request
        self._folder = tempfile.TemporaryDirectory(prefix="fahr-algo-", ignore_cleanup_errors=True)
        self._place = Path(self._folder.name)
        self._s3 = cloud.role_client("s3")
        self._logs = cloud.role_client("logs")
        self._hosts: Hosts | None = None
        self._shipping: list[Shipping] = []
        self._known: dict[str, str] = {}
        self._copies = 0
        #: Whether the job's containers ran.
        self.started = False

    def run(self) -> Ending:
        """Run until the containers have ended, one way or another.

        Raises:
            JobError: it cannot begin: no data, no image.
        """
        if ending := self._wait_for_machines():
            return ending
        self._job.enter("Downloading")
        self._download()
        image = self._pull()
        if ending := self._asked_to_end():
            return ending
        self._start(image)
        self._job.enter("Training")
        ending = self._train()
        for shipping in self._shipping:
            shipping.join()
        self._sync_checkpoints()
        return ending

    def upload(self) -> None:
        """Upload the model and the other output."""
        self._job.enter("Uploading")
        config = self._request["OutputDataConfig"]
        base = f"{config['S3OutputPath'].rstrip('/')}/{self._job.name}/output"
        folders = self._copies_of("/opt/ml/model")
        if config.get("CompressionType") == "NONE":
            uri = f"{base}/model/"
            storage.upload_files(self._s3, folders, uri)
        else:
            uri = f"{base}/model.tar.gz"
            storage.upload_archive(self._s3, folders, uri)
        self._job.tell(model=uri)
        self.upload_data()

    def upload_data(self) -> None:
        """Upload /opt/ml/output/data, when anything lies there."""
        config = self._request["OutputDataConfig"]
        base = f"{config['S3OutputPath'].rstrip('/')}/{self._job.name}/output"
        folders = self._copies_of("/opt/ml/output/data")
        if not any(any(folder.iterdir()) for folder in folders):
            return
        if config.get("CompressionType") == "NONE":
            storage.upload_files(self._s3, folders, f"{base}/data")
        else:
            storage.upload_archive(self._s3, folders, f"{base}/output.tar.gz")

    def reason(self) -> str:
        """Give the FailureReason, which is that of the container that failed first."""
        for host in self._hosts.failed if self._hosts else []:
            file = self._copy(host, "/opt/ml/output/failure")
            text = file.read_text("utf-8", "replace") if file.is_file() else ""
            ending = f", exit code: {host.exit_code}"
            return f"AlgorithmError: {text[: FAILURE_LIMIT - len(ending) - 16]}{ending}"
        return "AlgorithmError: See job logs for more information"

    def remove(self) -> None:
        """Remove containers, network and files."""
        if self._hosts:
            self._hosts.remove()
        self._folder.cleanup()

    # -- before training ------------------------------------------------------------------

    def _wait_for_machines(self) -> Ending | None:
        self._job.enter("Pending")
        while not self._cloud.capacity.wait(0.05):
            if ending := self._asked_to_end():
                return ending
        return self._asked_to_end()

    def _asked_to_end(self) -> Ending | None:
        job = self._job
        if job.stopping or self._cloud.runner.ending:
            return Ending.STOPPED
        if job.interrupting:
            return Ending.INTERRUPTED
        wait = self._request["StoppingCondition"].get("MaxWaitTimeInSeconds")
        if wait is not None and time.time() - job.created > wait:
            return Ending.WAITED
        return Ending.BROKEN if job.breaking else None

    def _download(self) -> None:
        region = self._cloud.jobs.region
        for host in self._job.hosts:
            place = self._place / "in" / host
            storage.download_channels(self._s3, self._job, region, host, place / "data")
            if config := self._request.get("CheckpointConfig"):
                storage.download_checkpoints(self._s3, config["S3Uri"], place / "checkpoints")

    def _pull(self) -> str:
        from docker.errors import APIError

        image = self._request["AlgorithmSpecification"]["TrainingImage"]
        self._job.enter("Downloading", "Downloading the training image")
        registry = self._cloud.registry
        repository, reference = registry.split(image)
        login = {"username": "AWS", "password": registry.token}
        try:
            return self._cloud.runner.pull(f"{registry.host}/{repository}", reference, login)
        except APIError as error:
            raise JobError(NO_IMAGE) from error

    def _start(self, image: str) -> None:
        engine = self._cloud.runner.engine
        host, port = gateway(engine), self._cloud.port
        self._cloud.listen_at(host)
        variables = layout.variables(self._job, self._cloud.jobs.region)
        isolated = bool(self._request.get("EnableNetworkIsolation"))
        if not isolated:
            token = self._cloud.lend_credentials(self._request["RoleArn"])
            variables["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = f"/v2/credentials/{token}"
            variables["AWS_ENDPOINT_URL"] = f"http://{host}:{port}"
        self._hosts = Hosts(engine, self._job.name, isolated=isolated)
        outfits = [
            layout.outfit(self._job, name, image, variables, self._place / "in" / name)
            for name in self._job.hosts
        ]
        self._hosts.make(outfits, Lead(CREDENTIALS, host, port))
        for each in self._hosts.all:
            each.start(self._job.tell)
            self._shipping.append(Shipping(self._logs, self._job, each.name, each.container))
        for shipping in self._shipping:
            shipping.start()
        self.started = True

    # -- training -------------------------------------------------------------------------

    def _train(self) -> Ending:
        limit = self._request["StoppingCondition"].get("MaxRuntimeInSeconds", DEFAULT_RUNTIME)
        deadline = time.monotonic() + limit
        synced = time.monotonic()
        while not (ending := self._ended()):
            if ending := self._asked_to_end():
                return self._terminate(ending)
            if time.monotonic() > deadline:
                return self._terminate(Ending.TOO_LONG)
            if time.monotonic() - synced > self._cloud.checkpoint_interval:
                self._sync_checkpoints()
                synced = time.monotonic()
            with self._job.changed:
                self._job.changed.wait(0.1)
        if ending is Ending.FAILED:
            self._terminate(ending)
        return ending

    def _ended(self) -> Ending | None:
        codes = [host.exit_code for host in self._all()]
        if any(codes):
            return Ending.FAILED
        return Ending.COMPLETED if all(code == 0 for code in codes) else None

    def _terminate(self, ending: Ending) -> Ending:
        """Send SIGTERM, and SIGKILL after the grace."""
        at_once = ending is Ending.BROKEN
        if self._hosts:
            self._hosts.end(
                self._job.changed,
                self._cloud.grace,
                hurry=lambda: at_once or self._cloud.runner.ending,
            )
        return ending

    def _all(self) -> list[Any]:
        return self._hosts.all if self._hosts else []

    # -- after it -------------------------------------------------------------------------

    def _sync_checkpoints(self) -> None:
        if config := self._request.get("CheckpointConfig"):
            for host in self._all():
                folder = self._copy(host, layout.checkpoint_path(self._job))
                storage.upload_folder(self._s3, folder, config["S3Uri"], self._known)
                shutil.rmtree(folder)

    def _copies_of(self, path: str) -> list[Path]:
        return [self._copy(host, path) for host in self._all()]

    def _copy(self, host: Any, path: str) -> Path:
        self._copies += 1
        copied: Path = host.copy_out(path, self._place / "out" / str(self._copies))
        return copied
