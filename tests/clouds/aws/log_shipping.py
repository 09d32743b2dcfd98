"""A container's lines, taken to CloudWatch Logs while it runs."""

from __future__ import annotations

import contextlib
import re
import threading
import time
from typing import TYPE_CHECKING, Any

from tests.clouds.hosts import lines

if TYPE_CHECKING:
    from tests.clouds.aws.training_job import TrainingJob

GROUP = "/aws/sagemaker/TrainingJobs"
INTERVAL = 0.2
MOST_EVENTS = 1000
#: An event's limit in bytes, less what CloudWatch counts for each (its quotas page).
LONGEST = 262_144 - 26


class Shipping(threading.Thread):
    """Ships one container's output; ends with it."""

    def __init__(self, client: Any, job: TrainingJob, host: str, container: Any) -> None:
        """Make the log stream, named as the service names it."""
        super().__init__(daemon=True)
        self._client, self._job, self._container = client, job, container
        self.stream = f"{job.name}/{host}-{int(time.time())}"
        self._waiting: list[dict[str, Any]] = []
        self._lock = threading.Lock()
        self._done = threading.Event()
        self._make_stream()

    def run(self) -> None:
        """Read until the container ends."""
        sender = threading.Thread(target=self._send_often, daemon=True)
        sender.start()
        try:
            for line in lines(self._container):
                self._take(line)
        finally:
            self._done.set()
            sender.join()

    def _take(self, line: bytes) -> None:
        if not line:
            return
        now = time.time()
        text = line[:LONGEST].decode("utf-8", "replace")
        with self._lock:
            self._waiting.append({"timestamp": int(now * 1000), "message": text})
        for metric in self._job.request["AlgorithmSpecification"].get("MetricDefinitions", []):
            if found := re.search(metric["Regex"], text):
                with contextlib.suppress(ValueError, IndexError):
                    self._job.metrics[metric["Name"]] = (float(found.group(1)), now)

    def _send_often(self) -> None:
        while not self._done.wait(INTERVAL):
            self._send()
        self._send()

    def _send(self) -> None:
        while True:
            with self._lock:
                events, self._waiting = self._waiting[:MOST_EVENTS], self._waiting[MOST_EVENTS:]
            if not events:
                return
            self._client.put_log_events(
                logGroupName=GROUP, logStreamName=self.stream, logEvents=events
            )

    def _make_stream(self) -> None:
        with contextlib.suppress(self._client.exceptions.ResourceAlreadyExistsException):
            self._client.create_log_group(logGroupName=GROUP)
        # Two attempts within a second share a stream.
        with contextlib.suppress(self._client.exceptions.ResourceAlreadyExistsException):
            self._client.create_log_stream(logGroupName=GROUP, logStreamName=self.stream)
