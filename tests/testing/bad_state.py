"""A driver that gives no reasons and answers in an order of its own."""

from dataclasses import replace

import memory_driver
from memory_driver import *  # noqa: F403

from fahr_core.hookspecs import hookimpl


@hookimpl
def job_states(refs):
    return [replace(state, reason=None) for state in reversed(memory_driver.job_states(refs))]
