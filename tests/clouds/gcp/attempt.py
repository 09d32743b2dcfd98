"""One attempt of a custom job: machines, image, containers, and their end."""

from __future__ import annotations

import enum
import time
from typing import TYPE_CHECKING
from urllib.parse import quote

from tests.clouds.gcp import surroundings
from tests.clouds.gcp.log_shipping import Shipping
from tests.clouds.gcp.moments import seconds
from tests.clouds.hosts import Hosts, Lead, Outfit, gateway
from tests.clouds.runner import JobError

if TYPE_CHECKING:
    from tests.clouds.gcp.cloud import Cloud
    from tests.clouds.gcp.custom_job import CustomJob, Replica

METADATA, METADATA_NAME = "169.254.169.254", "metadata.google.internal"
WEEK, DAY = "604800s", "86400s"
FAILED = (
    "The replica {task} exited with a non-zero status of {code}. \nTo find out more about why "
    "your job exited please check the logs: {link}"
)
NO_IMAGE = (
    'Failed to pull image "{image}". Image not found, or the service account has no permission '
    "to pull it (artifactregistry.repositories.downloadArtifacts)."
)
LOGS = "https://console.cloud.google.com/logs/viewer?project={project}&resource=ml_job%2Fjob_id%2F"
LOGS += "{job}&advancedFilter={filter}"
FILTER = 'resource.type="ml_job"\nresource.labels.job_id="{job}"'


class Ending(enum.Enum):
    """How an attempt ends."""

    SUCCEEDED = "every container ended well"
    FAILED = "a container ended with an error"
    CANCELLED = "somebody cancelled the job"
    TOO_LONG = "the job ran longer than it may"
    EXPIRED = "there were no machines in time"
    NO_STOCK = "there are no such machines"
    INTERRUPTED = "the spot machines were taken away"
    BROKEN = "the service failed"


class Attempt:
    """Takes a job from its start to the end of its containers."""

    def __init__(self, cloud: Cloud, job: CustomJob) -> None:
        """Take the cloud and the job; nothing is made yet."""
        self._cloud, self._job = cloud, job
        self._hosts: Hosts | None = None
        self._shipping: list[Shipping] = []
        self._image = ""

    def run(self) -> Ending:
        """Run until the containers have ended, one way or another.

        Raises:
            JobError: there is no image.
        """
        job = self._job
        if not job.cancelling:
            job.enter("PENDING")
        self.say(
            "Vertex AI is provisioning job running framework. First time usage might take "
            "couple of minutes, and subsequent runs can be much faster."
        )
        if ending := self._wait_for_machines():
            return ending
        images = self._pull_all()
        if ending := self._asked_to_end():
            return ending
        with self._cloud.mounts.attached(job):
            self._start(images)
            if not job.cancelling:
                job.enter("RUNNING")
            ending = self._watch()
            for shipping in self._shipping:
                shipping.join()
        return ending

    def say(self, text: str, severity: str = "INFO") -> None:
        """Write a line of the service's own to the job's log."""
        surroundings.say(self._cloud, self._job, text, severity)

    @property
    def exit_code(self) -> int | None:
        """Give the exit code of the container that failed first."""
        failed = self._hosts.failed if self._hosts else []
        return failed[0].exit_code if failed else None

    def reason(self) -> str:
        """Tell which replica failed, as the service does: not why."""
        failed = self._hosts.failed if self._hosts else []
        tasks = {replica.host: replica.task for replica in self._job.replicas}
        wanted = quote(FILTER.format(job=self._job.number), safe="")
        link = LOGS.format(project=self._cloud.number, job=self._job.number, filter=wanted)
        return FAILED.format(task=tasks[failed[0].name], code=failed[0].exit_code, link=link)

    def remove(self) -> None:
        """Remove containers and network."""
        self._job.addresses.clear()
        if self._hosts:
            self._hosts.remove()

    # -- before it runs -------------------------------------------------------------------

    def _wait_for_machines(self) -> Ending | None:
        job = self._job
        wait = seconds(job.scheduling.get("maxWaitDuration", DAY))
        while not self._cloud.has_machines(job):
            if ending := self._asked_to_end():
                return ending
            if job.strategy == "FLEX_START":
                if wait and time.time() - job.created > wait:
                    return Ending.EXPIRED
            elif self._cloud.out_of_stock:
                return Ending.NO_STOCK
            with job.changed:
                job.changed.wait(0.05)
        return self._asked_to_end()

    def _asked_to_end(self) -> Ending | None:
        job = self._job
        if job.cancelling or self._cloud.runner.ending:
            return Ending.CANCELLED
        if job.interrupting:
            return Ending.INTERRUPTED
        return Ending.BROKEN if job.breaking else None

    def _pull_all(self) -> dict[str, str]:
        wanted = {replica.spec["containerSpec"]["imageUri"] for replica in self._job.replicas}
        return {image: self._pull(image) for image in wanted}

    def _pull(self, image: str) -> str:
        from docker.errors import APIError

        registry = self._cloud.registry
        repository, reference = registry.split(image)
        token = self._cloud.accounts.issue(self._cloud.accounts.service).text
        login = {"username": "oauth2accesstoken", "password": token}
        try:
            return self._cloud.runner.pull(f"{registry.host}/{repository}", reference, login)
        except APIError as error:
            raise JobError(NO_IMAGE.format(image=image)) from error

    def _start(self, images: dict[str, str]) -> None:
        engine = self._cloud.runner.engine
        host = gateway(engine)
        endpoint = self._cloud.listen_at(host)
        self._hosts = Hosts(engine, self._job.number)
        outfits = [self._outfit(replica, images, endpoint) for replica in self._job.replicas]
        lead = Lead(METADATA, host, self._cloud.port, METADATA_NAME)
        self._hosts.make(outfits, lead)
        self._job.addresses.update(self._hosts.addresses)
        for each, replica in zip(self._hosts.all, self._job.replicas, strict=True):
            each.start(self._job.tell)
            for stream in ("out", "err"):
                shipping = Shipping(self._cloud.logs, self._job, replica, each.container, stream)
                self._shipping.append(shipping)
                shipping.start()

    def _outfit(self, replica: Replica, images: dict[str, str], endpoint: str) -> Outfit:
        container = replica.spec["containerSpec"]
        own = {each["name"]: each.get("value", "") for each in container.get("env", [])}
        given = surroundings.variables(self._cloud, self._job, replica)
        return Outfit(
            replica.host,
            images[container["imageUri"]],
            container.get("args"),
            {**given, **self._cloud.redirections(endpoint), **own},
            container.get("command"),
            mounts=self._cloud.mounts.of_container(),
            gpu=bool(replica.spec["machineSpec"].get("acceleratorType")),
        )

    # -- while it runs --------------------------------------------------------------------

    def _watch(self) -> Ending:
        limit = seconds(self._job.scheduling.get("timeout", WEEK))
        deadline = time.monotonic() + limit
        while not (ending := self._ended()):
            if ending := self._asked_to_end():
                return self._end(ending)
            if time.monotonic() > deadline:
                return self._end(Ending.TOO_LONG)
            with self._job.changed:
                self._job.changed.wait(0.1)
        return self._end(ending)

    def _ended(self) -> Ending | None:
        """Tell how it ended: when one fails, or when the primary replica is done."""
        if not self._hosts or self._hosts.failed:
            return Ending.FAILED
        return Ending.SUCCEEDED if self._hosts.all[0].exit_code == 0 else None

    def _end(self, ending: Ending) -> Ending:
        """Send SIGTERM, and SIGKILL after the grace."""
        at_once = ending is Ending.BROKEN
        if self._hosts:
            self._hosts.end(
                self._job.changed,
                self._cloud.grace,
                hurry=lambda: at_once or self._cloud.runner.ending,
            )
        return ending
