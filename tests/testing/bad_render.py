"""A driver that renders another text each time, a path outside, and names as they are."""

import time

from memory_driver import *  # noqa: F403

from fahr_core.hookspecs import hookimpl
from fahr_core.models import Artifacts, RenderedFile


@hookimpl
def render_artifacts(job):
    script = f"#!/bin/sh\n# {time.time_ns()}\npython {job.artifact}\n"
    return Artifacts(
        files=(
            RenderedFile(path="run.sh", text=script, executable=True),
            RenderedFile(path="../run.sh", text=""),
        )
    )
