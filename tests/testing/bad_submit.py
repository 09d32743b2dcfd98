"""A driver that plans at random, forgets what it was sent, and sends it again."""

from dataclasses import replace
from uuid import uuid4

import memory_driver
from memory_driver import *  # noqa: F403

from fahr_core.hookspecs import hookimpl
from fahr_core.models import Absent


@hookimpl
def plan_submission(job):
    request = memory_driver.plan_submission(job)
    return replace(request, body={**request.body, "token": uuid4().hex})


@hookimpl
def find_submission(request):
    return Absent()


@hookimpl
def submit_jobs(requests):
    for request in requests:
        memory_driver.JOBS.pop(request.run_id, None)
    return memory_driver.submit_jobs(requests)
