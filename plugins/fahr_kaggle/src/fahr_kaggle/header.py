"""The header of a pushed file: whose kernel it is, and which run.

One comment line of JSON at the top of a script, or in a notebook's first cell::

    # fahr-job {"artifact": "train.py", "experiment": "digits", "job": "digits-train-4", ...}

It is how a job is found again after a lost answer, from another machine, or by nobody but
its kernel's name.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fahr_core.models import Code, Environment, Job

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Header", "header_of", "read_header"]

_LINE = re.compile(r"# fahr-job (\{.*\})")
SCHEMA = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What the header says.

    ``experiment`` is the folder's name, for people; ``id`` is the experiment's own.  ``part``
    counts the sessions of a chain, from 0; ``content`` names what runs, whatever the job is
    called.
    """

    run: str
    job: str
    experiment: str
    artifact: str
    kind: str = "script"
    params: Mapping[str, Any] = field(default_factory=dict)
    created: float = 0.0
    part: int = 0
    content: str = ""
    id: str = ""

    def line(self) -> str:
        """Give the comment line."""
        told = {name: getattr(self, name) for name in self.__slots__}
        return "# fahr-job " + json.dumps({"schema": SCHEMA, **told}, sort_keys=True)

    @property
    def owner(self) -> tuple[str, str]:
        """Give what a kernel belongs to: an experiment and its artifact."""
        return self.id, self.artifact

    def as_job(self) -> Job:
        """Give the job, as far as the header tells of it."""
        return Job(
            name=self.job,
            run_id=self.run,
            remote_name=self.job,
            experiment=self.experiment,
            artifact=self.artifact,
            kind=self.kind,
            train_driver="kaggle",
            code=Code(digest="", files=0, size=0),
            environment=Environment(),
            params=dict(self.params),
            drawn_at=self.created,
        )


def header_of(job: Job, content: str = "", identity: str = "") -> Header:
    """Give the header of a job's file; ``identity`` is its experiment's id."""
    return Header(
        run=job.run_id,
        job=job.name,
        experiment=Path(job.experiment).name,
        artifact=job.artifact,
        kind=job.kind,
        params=dict(job.params),
        created=job.drawn_at,
        content=content,
        id=identity,
    )


def read_header(source: str) -> Header | None:
    """Read a kernel's source; None when it is not from fahr."""
    found = _LINE.search(_first_cell(source) if source.lstrip().startswith("{") else source)
    if not found:
        return None
    try:
        told = json.loads(found[1])
        known = {name: told[name] for name in Header.__slots__ if name in told}
        return Header(**known)
    except (ValueError, TypeError):
        return None


def _first_cell(source: str) -> str:
    try:
        cells = json.loads(source).get("cells") or [{}]
        text = cells[0].get("source", "")
    except (ValueError, AttributeError):
        return ""
    return text if isinstance(text, str) else "".join(text)
