"""A container's lines, taken to Cloud Logging while it runs."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

from tests.clouds.gcp import surroundings
from tests.clouds.hosts import lines

if TYPE_CHECKING:
    from tests.clouds.gcp.custom_job import CustomJob, Replica
    from tests.clouds.gcp.log_entries import Logs

#: An entry's limit in bytes (Cloud Logging's quotas page), less its other fields.
LONGEST = 256_000 - 2_000


class Shipping(threading.Thread):
    """Ships one stream of one container; ends with it."""

    def __init__(
        self, logs: Logs, job: CustomJob, replica: Replica, container: Any, stream: str
    ) -> None:
        """Take where the lines go, and whose they are; the stream is ``out`` or ``err``."""
        super().__init__(daemon=True)
        self._logs, self._job, self._container, self._stream = logs, job, container, stream
        self._entry = {
            "logName": f"projects/{logs.project}/logs/{replica.task}",
            "resource": surroundings.resource(logs.project, job, replica.task),
            "labels": {
                "compute.googleapis.com/resource_name": replica.host,
                "ml.googleapis.com/job_id/log_area": "root",
                "ml.googleapis.com/trial_id": "",
                "ml.googleapis.com/trial_type": "",
                "ml.googleapis.com/tpu_worker_id": "",
            },
        }
        self._task = replica.task

    def run(self) -> None:
        """Read until the container ends."""
        err = self._stream == "err"
        for line in lines(self._container, out=not err, err=err):
            if line:
                text = line[:LONGEST].decode("utf-8", "replace")
                self._logs.write({**self._entry, **self._payload(text)}, time.time())

    def _payload(self, text: str) -> dict[str, Any]:
        """Give what a line says; a document in JSON stays text (python-aiplatform#629)."""
        severity = "ERROR" if self._stream == "err" else "INFO"
        told = {"message": text + "\n", "levelname": severity, "attrs": {"tag": self._task}}
        return {"severity": severity, "jsonPayload": told}
