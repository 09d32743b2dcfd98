"""A training job as the service keeps it: what was asked for, and what has become of it."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import Any

from tests.clouds.watched import Watched

FINAL = ("Completed", "Failed", "Stopped")

#: What the service says beside a secondary status (API reference, SecondaryStatusTransition).
MESSAGES = {
    "Starting": "Starting the training job",
    "Pending": "Preparing the instances for training",
    "Downloading": "Downloading input data",
    "Training": "Training image download completed. Training in progress.",
    "Interrupted": "The job stopped because the managed spot training instances were interrupted",
    "Restarting": "Restarting the training job",
    "Uploading": "Uploading generated training model",
    "Stopping": "Stopping the training job",
    "Stopped": "Training job stopped",
    "MaxRuntimeExceeded": "Training job runtime exceeded MaxRuntimeInSeconds provided",
    "MaxWaitTimeExceeded": "Training job wait time exceeded MaxWaitTimeInSeconds provided",
    "Completed": "Training job completed",
    "Failed": "Training job failed",
}
# Members of the request that the description gives back as they came.
KEPT = (
    "TrainingJobName",
    "HyperParameters",
    "AlgorithmSpecification",
    "RoleArn",
    "InputDataConfig",
    "OutputDataConfig",
    "ResourceConfig",
    "VpcConfig",
    "StoppingCondition",
    "EnableNetworkIsolation",
    "EnableInterContainerTrafficEncryption",
    "EnableManagedSpotTraining",
    "CheckpointConfig",
    "DebugHookConfig",
    "ExperimentConfig",
    "TensorBoardOutputConfig",
    "ProfilerConfig",
    "Environment",
    "RetryStrategy",
    "RemoteDebugConfig",
    "InfraCheckConfig",
)
SPOT_SHARE = 0.3  # of the price on demand; what a spot machine costs differs by day and type


@dataclass
class Transition:
    """A secondary status and its time."""

    status: str
    message: str
    started: float
    ended: float | None = None


@dataclass
class TrainingJob(Watched):
    """One training job; its state changes under ``changed``, which tells of every change."""

    request: dict[str, Any]
    arn: str
    changed: threading.Condition = field(default_factory=threading.Condition)
    status: str = "InProgress"
    transitions: list[Transition] = field(default_factory=list)
    reason: str = ""
    created: float = field(default_factory=time.time)
    modified: float = field(default_factory=time.time)
    started: float | None = None
    ended: float | None = None
    model: str = ""
    metrics: dict[str, tuple[float, float]] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    attempt: int = 0
    stopping: bool = False
    interrupting: bool = False
    breaking: bool = False

    @property
    def name(self) -> str:
        """Give the job's name."""
        return str(self.request["TrainingJobName"])

    @property
    def secondary(self) -> str:
        """Give the secondary status."""
        return self.transitions[-1].status

    @property
    def hosts(self) -> list[str]:
        """Give the names of the job's hosts."""
        count = self.request.get("ResourceConfig", {}).get("InstanceCount", 1)
        return [f"algo-{number}" for number in range(1, count + 1)]

    def enter(self, secondary: str, message: str = "", status: str = "") -> None:
        """Move to a secondary status; to the same one again changes its message alone."""
        with self.changed:
            now = time.time()
            message = message or MESSAGES[secondary]
            if self.transitions and self.secondary == secondary:
                self.transitions[-1].message = message
            else:
                if self.transitions:
                    self.transitions[-1].ended = now
                self.transitions.append(Transition(secondary, message, now))
            if secondary == "Downloading" and self.started is None:
                self.started = now
            self.modified = now
            self._become(status or self.status, now)
            self.changed.notify_all()

    def _become(self, status: str, now: float) -> None:
        self.status = status
        if status in FINAL:
            self.transitions[-1].ended = self.ended = now

    def was_in(self, state: str) -> bool:
        """Tell whether it was in a status or secondary status; ``final`` stands for any end."""
        past = {transition.status for transition in self.transitions} | {self.status}
        return state in past or (state == "final" and self.status in FINAL)

    def whereabouts(self) -> str:
        """Tell where it is, and how it came there."""
        past = [transition.status for transition in self.transitions]
        return f"{self.name} is {self.status} after {past}: {self.reason}"

    def summary(self) -> dict[str, Any]:
        """Give the job as a list shows it."""
        with self.changed:
            return _without_none(
                TrainingJobName=self.name,
                TrainingJobArn=self.arn,
                CreationTime=self.created,
                TrainingEndTime=self.ended,
                LastModifiedTime=self.modified,
                TrainingJobStatus=self.status,
                SecondaryStatus=self.secondary,
            )

    def description(self) -> dict[str, Any]:
        """Give the job as DescribeTrainingJob does."""
        with self.changed:
            kept = {name: self.request[name] for name in KEPT if name in self.request}
            return kept | _without_none(
                TrainingJobArn=self.arn,
                ModelArtifacts={"S3ModelArtifacts": self.model} if self.model else None,
                TrainingJobStatus=self.status,
                SecondaryStatus=self.secondary,
                FailureReason=self.reason or None,
                CreationTime=self.created,
                TrainingStartTime=self.started,
                TrainingEndTime=self.ended,
                LastModifiedTime=self.modified,
                SecondaryStatusTransitions=[_shown(each) for each in self.transitions],
                FinalMetricDataList=self._final_metrics() or None,
                TrainingTimeInSeconds=self._seconds(),
                BillableTimeInSeconds=self._billable(),
                ProfilingStatus="Disabled",
            )

    def _seconds(self) -> int | None:
        if self.started is None or self.ended is None:
            return None
        return max(1, round(self.ended - self.started))

    def _billable(self) -> int | None:
        if (seconds := self._seconds()) is None:
            return None
        share = SPOT_SHARE if self.request.get("EnableManagedSpotTraining") else 1
        return max(1, round(seconds * share))

    def _final_metrics(self) -> list[dict[str, Any]]:
        return [
            {"MetricName": name, "Value": value, "Timestamp": when}
            for name, (value, when) in self.metrics.items()
        ]


def _shown(transition: Transition) -> dict[str, Any]:
    return _without_none(
        Status=transition.status,
        StartTime=transition.started,
        EndTime=transition.ended,
        StatusMessage=transition.message,
    )


def _without_none(**members: Any) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}
