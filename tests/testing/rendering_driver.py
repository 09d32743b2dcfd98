"""A driver that renders a script and a document, with every name quoted."""

import json
import shlex

from memory_driver import *  # noqa: F403

from fahr_core.hookspecs import hookimpl
from fahr_core.models import Artifacts, RenderedFile


@hookimpl
def render_artifacts(job):
    script = f"#!/bin/sh\npython {shlex.quote(job.artifact)}\n"
    document = json.dumps({"artifact": job.artifact, "tags": dict(job.tags)})
    return Artifacts(
        files=(
            RenderedFile(path="run.sh", text=script, executable=True),
            RenderedFile(path="memory.json", text=document),
        )
    )
