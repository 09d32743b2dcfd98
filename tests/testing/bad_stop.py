"""A driver that kills without asking, and fails when there is nothing left to kill."""

import memory_driver
from memory_driver import *  # noqa: F403

from fahr_core.hookspecs import hookimpl
from fahr_core.models import StopResult


@hookimpl
def stop_job(ref):
    job = memory_driver.JOBS[ref.id]
    if job.stopped or job.ended:
        return StopResult(outcome="error", reason="no such process")
    job.stopped = True
    job.process.kill()
    return StopResult(outcome="stopping")
