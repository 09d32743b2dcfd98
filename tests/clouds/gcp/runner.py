"""What follows the attempts of a custom job: another one, or its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.clouds import runner
from tests.clouds.gcp.attempt import Attempt, Ending
from tests.clouds.gcp.custom_job import CustomJob

if TYPE_CHECKING:
    from tests.clouds.gcp.cloud import Cloud

#: Exit codes that the service takes for its own fault ("Understand the custom training service").
RETRIED = (6, 11, 134, 139)
MOST_RETRIES, MOST_RESTARTS = 3, 6
INTERNAL, CANCELLED, DEADLINE, EXHAUSTED = 13, 1, 4, 8
BROKEN = "Internal error occurred for the current attempt."
NO_STOCK = (
    "Resources are insufficient in region: {region}. Please try a different region or try with a "
    "different machine type or accelerator type."
)


class Runner(runner.Runner[CustomJob]):
    """Runs every accepted job in a thread of its own."""

    def __init__(self, cloud: Cloud) -> None:
        """Take the cloud whose services the jobs use."""
        super().__init__()
        self._cloud = cloud

    def attempts(self, job: CustomJob) -> None:
        """Take a job to its end."""
        retries = 0 if job.scheduling.get("disableRetries") else MOST_RETRIES
        restarts = MOST_RESTARTS
        while True:
            job.tell(attempt=job.attempt + 1, interrupting=False, breaking=False)
            attempt = Attempt(self._cloud, job)
            try:
                ending = attempt.run()
                if self.ending:
                    return
                if ending is Ending.INTERRUPTED and restarts:
                    restarts -= 1
                elif self._may_retry(ending, attempt) and retries:
                    retries -= 1
                else:
                    self._finish(job, ending, attempt)
                    return
            finally:
                attempt.remove()

    def fail(self, job: CustomJob, reason: str, *, own: bool = False) -> None:
        """Let a job fail."""
        job.enter("FAILED", code=INTERNAL if own else 3, reason=reason)

    def _may_retry(self, ending: Ending, attempt: Attempt) -> bool:
        return ending is Ending.BROKEN or (ending is Ending.FAILED and attempt.exit_code in RETRIED)

    def _finish(self, job: CustomJob, ending: Ending, attempt: Attempt) -> None:
        if ending is Ending.SUCCEEDED:
            attempt.say("Job completed successfully.")
            job.enter("SUCCEEDED")
        elif ending is Ending.CANCELLED:
            attempt.say("Job cancelled.")
            job.enter("CANCELLED", code=CANCELLED, reason="CANCELED")
        elif ending is Ending.EXPIRED:
            job.enter("EXPIRED", code=DEADLINE, reason="The job waited too long for resources.")
        elif ending is Ending.TOO_LONG:
            attempt.say("Job timed out.", "ERROR")
            text = "The job exceeded its maximum running time."
            job.enter("CANCELLED", code=CANCELLED, reason=text)
        elif ending is Ending.NO_STOCK:
            text = NO_STOCK.format(region=job.location)
            job.enter("FAILED", code=EXHAUSTED, reason=text)
        elif ending is Ending.FAILED:
            attempt.say("Job failed.", "ERROR")
            self.fail(job, attempt.reason())
        else:
            self.fail(job, BROKEN, own=True)
