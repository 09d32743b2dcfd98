"""The threads that run training jobs, from accepted to ended."""

from __future__ import annotations

import contextlib
import threading
import traceback
from typing import TYPE_CHECKING, Any

from tests.clouds.aws.attempt import Attempt, Ending
from tests.clouds.aws.storage import JobError
from tests.clouds.aws.training_job import FINAL

if TYPE_CHECKING:
    from tests.clouds.aws.cloud import Cloud
    from tests.clouds.aws.training_job import TrainingJob

REASON_LIMIT = 1024
BROKEN = "InternalServerError: We encountered an internal error. Please try again."


class Runner:
    """Runs every accepted job in a thread of its own."""

    def __init__(self, cloud: Cloud) -> None:
        """Take the cloud whose services the jobs use."""
        self._cloud = cloud
        self._threads: dict[str, tuple[TrainingJob, threading.Thread]] = {}
        self._ending = threading.Event()
        #: What went wrong in the cloud itself; a test that leaves any has to fail.
        self.problems: list[str] = []
        #: What was pulled, to be removed when the cloud ends.
        self.pulled: set[str] = set()
        self._engine: Any = None

    def start(self, job: TrainingJob) -> None:
        """Run a job."""
        thread = threading.Thread(target=self._run, args=(job,), daemon=True)
        self._threads[job.name] = (job, thread)
        thread.start()

    def end_all(self) -> None:
        """End every job that runs, without grace."""
        self._ending.set()
        for job, _ in self._threads.values():
            job.tell()
        for _, thread in self._threads.values():
            thread.join()
        self._threads.clear()
        self._ending.clear()

    @property
    def ending(self) -> bool:
        """Tell whether the cloud is about to end."""
        return self._ending.is_set()

    @property
    def engine(self) -> Any:
        """Give the engine, found once."""
        if self._engine is None:
            from docker import from_env

            self._engine = from_env(timeout=120)
        return self._engine

    def close(self) -> None:
        """Remove what was pulled, and close the connection to the engine."""
        from docker.errors import APIError

        if self._engine is not None:
            for image in self.pulled:
                with contextlib.suppress(APIError):
                    self._engine.images.remove(image)
            self._engine.close()

    def _run(self, job: TrainingJob) -> None:
        try:
            self._attempts(job)
        except JobError as error:
            _fail(job, str(error))
        except Exception as error:  # noqa: BLE001  (told to the test that owns the cloud)
            if not self.ending:
                self.problems.append(traceback.format_exc())
            _fail(job, f"InternalServerError: {error!r}")

    def _attempts(self, job: TrainingJob) -> None:
        retries = job.request.get("RetryStrategy", {}).get("MaximumRetryAttempts", 0)
        while True:
            job.tell(attempt=job.attempt + 1, interrupting=False, breaking=False)
            attempt = Attempt(self._cloud, job)
            try:
                ending = attempt.run()
                if ending is Ending.BROKEN and retries > 0:
                    retries -= 1
                    job.enter("Restarting")
                elif ending is Ending.INTERRUPTED:
                    job.enter("Interrupted")
                elif self.ending:
                    return
                else:
                    _finish(job, ending, attempt)
                    return
            finally:
                attempt.remove()
            job.enter("Starting", "Launching requested ML instances")


def _finish(job: TrainingJob, ending: Ending, attempt: Attempt) -> None:
    if ending is Ending.BROKEN:
        _fail(job, BROKEN)
    elif ending is Ending.FAILED:
        attempt.upload_data()
        _fail(job, attempt.reason())
    elif ending is Ending.COMPLETED:
        attempt.upload()
        job.enter("Completed", status="Completed")
    else:
        if attempt.started:
            attempt.upload()
        job.enter(ending.value, status="Stopped")


def _fail(job: TrainingJob, reason: str) -> None:
    if job.status not in FINAL:
        job.tell(reason=reason[:REASON_LIMIT])
        job.enter("Failed", status="Failed")
