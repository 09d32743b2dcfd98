"""What follows the attempts of a training job: another one, or its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.clouds import runner
from tests.clouds.aws.attempt import Attempt, Ending
from tests.clouds.aws.training_job import FINAL, TrainingJob

if TYPE_CHECKING:
    from tests.clouds.aws.cloud import Cloud

REASON_LIMIT = 1024
BROKEN = "InternalServerError: We encountered an internal error. Please try again."


class Runner(runner.Runner[TrainingJob]):
    """Runs every accepted job in a thread of its own."""

    def __init__(self, cloud: Cloud) -> None:
        """Take the cloud whose services the jobs use."""
        super().__init__()
        self._cloud = cloud

    def attempts(self, job: TrainingJob) -> None:
        """Take a job to its end."""
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
                    self._finish(job, ending, attempt)
                    return
            finally:
                attempt.remove()
            job.enter("Starting", "Launching requested ML instances")

    def fail(self, job: TrainingJob, reason: str, *, own: bool = False) -> None:
        """Let a job fail."""
        if job.status not in FINAL:
            reason = f"InternalServerError: {reason}" if own else reason
            job.tell(reason=reason[:REASON_LIMIT])
            job.enter("Failed", status="Failed")

    def _finish(self, job: TrainingJob, ending: Ending, attempt: Attempt) -> None:
        if ending is Ending.BROKEN:
            self.fail(job, BROKEN)
        elif ending is Ending.FAILED:
            attempt.upload_data()
            self.fail(job, attempt.reason())
        elif ending is Ending.COMPLETED:
            attempt.upload()
            job.enter("Completed", status="Completed")
        else:
            if attempt.started:
                attempt.upload()
            job.enter(ending.value, status="Stopped")
