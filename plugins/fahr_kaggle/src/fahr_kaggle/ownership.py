"""Whose kernel it is: a job is pushed over its own experiment's versions and no other's."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from fahr_core import names
from fahr_kaggle.header import read_header
from fahr_kaggle.identity import FILE
from fahr_kaggle.kernel import slug_for

if TYPE_CHECKING:
    from fahr_core.models import Job
    from fahr_kaggle.answers import Version
    from fahr_kaggle.kernel import Kernel

__all__ = ["Problem", "is_named", "ownership_problem"]


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a kernel is not this job's to push to, and what to do about it."""

    text: str
    hints: tuple[str, ...]


def ownership_problem(job: Job, identity: str, kernel: Kernel, latest: Version) -> Problem | None:
    """Say why a kernel that is there is not this experiment's; None when it is.

    ``identity`` is the id of the job's experiment.
    A kernel that is not from fahr is taken only where the settings name its slug.
    """
    header = read_header(latest.source)
    another = f"fahr fit -c slug={_other(job, kernel)}    or any other name"
    if header is None:
        if job.settings.get("slug"):
            return None
        text = f"the kernel {kernel} is there and not from fahr"
        return Problem(text, (another, f"fahr fit -c slug={kernel.slug}    means that very kernel"))
    if header.owner == (identity, job.artifact):
        return None
    whose = f"{header.artifact} of the experiment {header.experiment}"
    if header.id in ("", identity):
        return Problem(f"the kernel {kernel} belongs to {whose}", (another,))
    this = f"echo {header.id} > {FILE}    this folder is that experiment"
    return Problem(f"the kernel {kernel} belongs to {whose}, in another folder", (another, this))


def is_named(job: Job) -> bool:
    """Tell whether somebody chose the job's name (``--name``): it is then used once."""
    stem = names.job_stem(Path(job.experiment).name, PurePosixPath(job.artifact).stem)
    number = job.name.removeprefix(f"{stem}-")
    return not (job.name.startswith(f"{stem}-") and number.isdecimal())


def _other(job: Job, kernel: Kernel) -> str:
    """Give a free-looking name: with the experiment's in front, as jobs are called."""
    stem = PurePosixPath(job.artifact).stem
    longer = slug_for(f"{Path(job.experiment).name}-{stem}")
    return longer if longer != kernel.slug else slug_for(f"{longer}-2")
