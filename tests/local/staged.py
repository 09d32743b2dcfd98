"""Local jobs that are staged and not started, and their folders."""

from __future__ import annotations

import os
from itertools import count
from typing import TYPE_CHECKING, Any

from fahr_core.local.jobs import job_folder
from fahr_core.local.staging import stage
from fahr_core.models import Artifacts, JobRef
from fahr_core.planning import Order, make_plan
from fahr_core.testing.fixtures import job_of, no_progress

if TYPE_CHECKING:
    from pathlib import Path

    from fahr_core.local.folder import JobFolder
    from fahr_core.models import Request

_numbers = count(1)

#: A script that says that it runs and then sleeps until somebody ends it.
SLEEPER = "import time\nprint('ready', flush=True)\ntime.sleep(60)\n"


def request_of(parent: Path, source: str, **order: Any) -> Request:
    """Give the request of a local job that runs a script in a new folder."""
    number = next(_numbers)
    folder = parent / f"digits-{number}"
    folder.mkdir()
    (folder / "train.py").write_text(source)
    plan = make_plan(Order(artifact=str(folder), cwd=folder, **order))
    return plan.session.plan_submission(job_of(plan, number), Artifacts(), None)


def staged(parent: Path, source: str, **order: Any) -> tuple[JobRef, JobFolder]:
    """Stage a job and give its reference and folder; secrets are read from the environment."""
    request = request_of(parent, source, **order)
    stage(request, {name: os.environ[name] for name in request.job.secrets}, no_progress)
    return JobRef(driver="local", id=request.run_id), job_folder(request.run_id)
