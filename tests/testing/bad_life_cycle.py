"""A driver that loses parameters and keeps secrets."""

from dataclasses import replace

import memory_driver
from memory_driver import *  # noqa: F403

from fahr_core.hookspecs import hookimpl


@hookimpl
def plan_submission(job):
    return memory_driver.plan_submission(replace(job, params={}))


@hookimpl
def stage_request(request, secrets):
    staged = memory_driver.stage_request(request, secrets)
    (memory_driver.folder_of(request) / "secrets").write_text(str(secrets))
    return staged
