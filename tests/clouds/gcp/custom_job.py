"""One custom job: what was asked for, and its state."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import Any

from tests.clouds.gcp.moments import shown
from tests.clouds.watched import Watched

FINAL = ("SUCCEEDED", "FAILED", "CANCELLED", "EXPIRED")
POOLS = "workerPoolSpecs"


@dataclass(frozen=True)
class Replica:
    """One machine of a job."""

    pool: int
    index: int
    #: The worker pool as it was asked for.
    spec: dict[str, Any]
    #: The machine's name, by which others in its network reach it.
    host: str

    @property
    def task(self) -> str:
        """Give the name that logs and messages have for it, such as ``workerpool0-0``."""
        return f"workerpool{self.pool}-{self.index}"


@dataclass
class CustomJob(Watched):
    """A job; its state changes under ``changed``, which tells of every change."""

    asked: dict[str, Any]
    number: str
    #: ``projects/NUMBER/locations/REGION/customJobs/ID``
    resource: str
    #: The service account that it runs as.
    account: str
    changed: threading.Condition = field(default_factory=threading.Condition)
    state: str = "QUEUED"
    past: list[str] = field(default_factory=lambda: ["QUEUED"])
    code: int = 0
    reason: str = ""
    created: float = field(default_factory=time.time)
    updated: float = field(default_factory=time.time)
    started: float | None = None
    ended: float | None = None
    attempt: int = 0
    cancelling: bool = False
    interrupting: bool = False
    breaking: bool = False
    #: The addresses of its machines, by which the metadata server knows who asks.
    addresses: set[str] = field(default_factory=set)

    @property
    def name(self) -> str:
        """Give the number by which the service knows the job."""
        return self.number

    @property
    def location(self) -> str:
        """Give the region."""
        return self.resource.split("/")[3]

    @property
    def spec(self) -> dict[str, Any]:
        """Give the jobSpec."""
        found: dict[str, Any] = self.asked["jobSpec"]
        return found

    @property
    def scheduling(self) -> dict[str, Any]:
        """Give how the job waits and how long it may run."""
        found: dict[str, Any] = self.spec.get("scheduling", {})
        return found

    @property
    def strategy(self) -> str:
        """Give ``STANDARD``, ``SPOT`` or ``FLEX_START``."""
        return str(self.scheduling.get("strategy", "STANDARD"))

    @property
    def replicas(self) -> list[Replica]:
        """Give the job's machines; worker pools that are left empty have none."""
        tag = self.number[-10:]
        return [
            Replica(pool, index, spec, f"cmle-training-workerpool{pool}-{tag}-{index}")
            for pool, spec in enumerate(self.spec[POOLS])
            if spec
            for index in range(int(spec.get("replicaCount", 1)))
        ]

    def enter(self, state: str, *, code: int = 0, reason: str = "") -> None:
        """Move to a state; one that is final stays."""
        with self.changed:
            if self.state in FINAL:
                return
            now = time.time()
            self.state, self.updated = state, now
            self.past.append(state)
            if state == "RUNNING" and self.started is None:
                self.started = now
            if state in FINAL:
                self.ended, self.code, self.reason = now, code, reason
            self.changed.notify_all()

    def was_in(self, state: str) -> bool:
        """Tell whether it has been in a state (``RUNNING``); ``final`` stands for any end."""
        return state in self.past or (state == "final" and self.state in FINAL)

    def whereabouts(self) -> str:
        """Tell where it is, and how it came there."""
        return f"{self.number} is {self.state} after {self.past}: {self.reason}"

    def shown(self, *, numbers: bool = False) -> dict[str, Any]:
        """Give the job as the API does; `numbers`: enumerations by their numbers."""
        with self.changed:
            told = {
                "name": self.resource,
                **self.asked,
                "state": STATES.index(self.state) if numbers else f"JOB_STATE_{self.state}",
                "createTime": shown(self.created),
                "updateTime": shown(self.updated),
            }
            if self.started is not None:
                told["startTime"] = shown(self.started)
            if self.ended is not None:
                told["endTime"] = shown(self.ended)
            if self.spec.get("enableWebAccess") and self.state == "RUNNING":
                told["webAccessUris"] = {
                    replica.task: f"https://{self.number}-dot-{self.location}.aiplatform."
                    "googleusercontent.com/"
                    for replica in self.replicas
                }
            if self.code:
                told["error"] = {"code": self.code, "message": self.reason}
            return told


#: In the order of their numbers (job_state.proto).
STATES = (
    "UNSPECIFIED",
    "QUEUED",
    "PENDING",
    "RUNNING",
    "SUCCEEDED",
    "FAILED",
    "CANCELLING",
    "CANCELLED",
    "PAUSED",
    "EXPIRED",
    "UPDATING",
    "PARTIALLY_SUCCEEDED",
)
