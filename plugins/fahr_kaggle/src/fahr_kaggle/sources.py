"""Inputs and sources: what is attached to a kernel, and by which dataset it travels.

A local folder travels as a private dataset that is named by its content, so that it is
uploaded once; ``kaggle://datasets/owner/name`` names what Kaggle has already.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fahr_core.errors import UsageError
from fahr_core.inputs import digest_of_tree, is_local

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fahr_core.models import Input, Job
    from fahr_kaggle.options import Options

__all__ = ["FIELDS", "Source", "attached", "dataset_slug", "input_sources"]

_SCHEME = "kaggle://"
#: The field of a push by a source's kind.
FIELDS = {
    "dataset": "datasetDataSources",
    "kernel": "kernelDataSources",
    "competition": "competitionDataSources",
    "model": "modelDataSources",
}
_KINDS = {
    "datasets": "dataset",
    "kernels": "kernel",
    "code": "kernel",
    "competitions": "competition",
    "models": "model",
}
#: Parts that a source's name has.
_PARTS = {"dataset": (2, 2), "kernel": (2, 2), "competition": (1, 1), "model": (4, 5)}
_HEX_DIGITS = 24


@dataclass(frozen=True, slots=True)
class Source:
    """Something attached to a kernel; ``digest`` and ``path`` where it is uploaded from here.

    ``name`` has no owner where the dataset is the account's own.
    """

    kind: str
    name: str
    digest: str | None = None
    path: str | None = None

    def told(self, owner: str) -> dict[str, str]:
        """Give it for the runtime."""
        return {"kind": self.kind, "name": self.full(owner)}

    def full(self, owner: str) -> str:
        """Give its whole name in the account ``owner``."""
        return self.name if self.digest is None else f"{owner}/{self.name}"


def dataset_slug(digest: str) -> str:
    """Give the name of the dataset that holds a content."""
    return f"fahr-{digest.partition(':')[2][:_HEX_DIGITS]}"


def input_sources(job: Job) -> dict[str, Source]:
    """Give the source of each of a job's inputs.

    Raises:
        DiskError: a local input cannot be read.
        UsageError: a location that Kaggle cannot bring.
    """
    return {item.name: _source(item) for item in job.inputs}


def attached(options: Options) -> list[Source]:
    """Give the sources that the settings name."""
    named: Mapping[str, tuple[str, ...]] = {
        "dataset": options.datasets,
        "kernel": options.kernels,
        "competition": options.competitions,
        "model": options.models,
    }
    return [Source(kind, name) for kind, names in named.items() for name in names]


def _source(item: Input) -> Source:
    if is_local(item.location):
        digest = item.digest or digest_of_tree(item.location)
        return Source("dataset", dataset_slug(digest), digest, str(Path(item.location)))
    plural, _, name = item.location.removeprefix(_SCHEME).partition("/")
    kind = _KINDS.get(plural)
    if not item.location.startswith(_SCHEME) or kind is None:
        raise UsageError(
            f"input {item.name}: Kaggle cannot read {item.location}",
            f"--input {item.name}=./FOLDER                          travels as a private dataset",
            f"--input {item.name}=kaggle://datasets/OWNER/NAME      is on Kaggle already",
            f"--input {item.name}=kaggle://competitions/NAME        needs its rules accepted",
        )
    least, most = _PARTS[kind]
    if not least <= len(name.split("/")) <= most or not all(name.split("/")):
        raise UsageError(f"input {item.name}: {item.location} names no {kind}")
    return Source(kind, name)
