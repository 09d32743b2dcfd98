"""What a push consists of and needs: the whole file, its datasets, and that they are there."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fahr_core.errors import FahrError
from fahr_core.models import Staged
from fahr_core.store import stored_path
from fahr_kaggle.client import Kaggle
from fahr_kaggle.composing import compose
from fahr_kaggle.datasets import ensure_dataset, pack_tree
from fahr_kaggle.kernel import Kernel
from fahr_kaggle.sources import dataset_slug

if TYPE_CHECKING:
    from collections.abc import Callable

    from fahr_core.hookspecs import Progress
    from fahr_core.models import Environment, Request

__all__ = ["Push", "kernel_of", "push_of", "stage"]


@dataclass(frozen=True, slots=True)
class Push:
    """A push: the file's text, the other fields, and whether the code is in the file."""

    text: str
    fields: dict[str, Any]
    with_code: bool


def push_of(request: Request, kernel: Kernel) -> Push:
    """Make what is pushed for a request: the same for the same request.

    Raises:
        FahrError: the code is not on this machine any more.
        UsageError: the file is above Kaggle's limit even without the code.
    """
    composed = compose(_owned(request, kernel))
    told = request.body["description"]["kaggle"]["inputs"]
    fields = dict(request.body["push"])
    datasets = list(fields.get("datasetDataSources", ()))
    datasets += [f"{kernel.owner}/{one['name']}" for one in told.values() if one["own"]]
    if request.body["wheels"]:
        datasets.append(f"{kernel.owner}/{dataset_slug(request.body['wheels'])}")
    if not composed.with_code:
        datasets.append(f"{kernel.owner}/{dataset_slug(request.job.code.digest)}")
    if datasets:
        fields["datasetDataSources"] = list(dict.fromkeys(datasets))
    return Push(composed.text, fields, composed.with_code)


def kernel_of(kaggle: Kaggle | None, request: Request) -> Kernel:
    """Give the kernel that a request goes to; without a session the owner has to be known."""
    owner = request.body["owner"] or (kaggle.username if kaggle else "")
    return Kernel(owner, request.body["slug"])


def stage(request: Request, progress: Progress) -> Staged:
    """Upload local inputs, and the code where it does not fit into the file.

    Raises:
        AccessError: the credentials are missing or do not suffice.
        ServiceError: Kaggle failed; the call may be repeated.
        UsageError: the file is too large even without the code.
    """
    offline = request.body["owner"] and not request.uploads and not request.body["wheels"]
    if offline and push_of(request, kernel_of(None, request)).with_code:
        return Staged()
    with Kaggle() as kaggle:
        return _uploaded(kaggle, request, progress)


def _uploaded(kaggle: Kaggle, request: Request, progress: Progress) -> Staged:
    uploaded = 0
    for slug, digest in request.uploads.items():
        name, place = _input(request, slug)
        pack = _packing(place)
        uploaded += ensure_dataset(kaggle, digest, pack, f"input {name}", progress)
    notes = []
    if wheels := request.body["wheels"]:
        environment = request.job.environment
        pack = _wheels(environment, progress)
        uploaded += ensure_dataset(kaggle, wheels, pack, "the packages", progress)
        notes.append("the packages lie in a private dataset: the internet is off")
    if not push_of(request, kernel_of(kaggle, request)).with_code:
        digest = request.job.code.digest
        uploaded += ensure_dataset(kaggle, digest, _copying(digest), "the code", progress)
        notes.append("the code is too large for the file: it lies in a private dataset")
    wanted = len(request.uploads) + len(notes)
    return Staged(uploaded=uploaded, reused=wanted - uploaded, notes=tuple(notes))


def _input(request: Request, slug: str) -> tuple[str, Path]:
    """Find the local input that a dataset holds."""
    for item in request.job.inputs:
        told = request.body["description"]["kaggle"]["inputs"][item.name]
        if told["own"] and told["name"] == slug:
            return item.name, Path(item.location)
    raise FahrError(f"{request.name} names no input for the dataset {slug}")


def _packing(source: Path) -> Callable[[Path], None]:
    return lambda file: pack_tree(source, file)


def _wheels(environment: Environment, progress: Progress) -> Callable[[Path], None]:
    def pack(file: Path) -> None:
        from fahr_kaggle.wheels import pack_wheels

        pack_wheels(environment, file, progress)

    return pack


def _copying(digest: str) -> Callable[[Path], None]:
    def copy(file: Path) -> None:
        shutil.copyfile(stored_path(digest), file)

    return copy


def _owned(request: Request, kernel: Kernel) -> Request:
    """Give the request with the account's name wherever only it was missing."""
    description = dict(request.body["description"])
    told = dict(description["kaggle"])
    told["inputs"] = {
        name: {
            "kind": one["kind"],
            "name": f"{kernel.owner}/{one['name']}" if one["own"] else one["name"],
        }
        for name, one in told["inputs"].items()
    }
    if request.body["wheels"]:
        told["wheels"] = f"{kernel.owner}/{dataset_slug(request.body['wheels'])}"
    told["code"] = f"{kernel.owner}/{dataset_slug(request.job.code.digest)}"
    if request.body["chain"]:
        told["previous"] = {"kind": "kernel", "name": str(kernel)}
    description["kaggle"] = told
    return replace(request, body={**request.body, "description": description})
