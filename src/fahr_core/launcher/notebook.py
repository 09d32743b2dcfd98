"""Runs a notebook (to come)."""

from typing import Dict, List, Optional

from .job import Job
from .places import Places
from .scratch import Scratch


def notebook_command(
    job: Job, places: Places, output: str, environment: Dict[str, str], scratch: Scratch
) -> List[str]:
    """Give the command."""
    return [job.name, places.work, output, *environment, scratch.path("x")]


def reason_left(scratch: Scratch) -> Optional[str]:
    """Give the reason."""
    return scratch.path("reason")
