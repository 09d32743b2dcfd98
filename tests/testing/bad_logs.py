"""A driver that gives the last line twice and ignores the cursor."""

import memory_driver
from memory_driver import *  # noqa: F403

from fahr_core.hookspecs import hookimpl


@hookimpl
def stream_logs(ref, follow, after):
    line = None
    for line in memory_driver.stream_logs(ref, follow, None):
        yield line
    if line:
        yield line
