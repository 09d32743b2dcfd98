"""Parts of a request that are the same at every service: content, time limit, machines, image."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from fahr_core.errors import UsageError
from fahr_core.inputs import is_local
from fahr_core.models import to_json
from fahr_core.store import digest_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from fahr_core.models import Image, Job

__all__ = [
    "check_gpu_image",
    "content_of",
    "image_by_digest",
    "machine_count",
    "merged",
    "time_limit",
]

#: The parts of a job that are its content; others come from who made it, when and where.
_CONTENT = (
    "artifact",
    "build_settings",
    "environment",
    "gpu",
    "launch",
    "nodes",
    "output_exclude",
    "params",
    "secrets",
    "tags",
    "timeout",
    "train_image",
)


def content_of(job: Job, uploads: Mapping[str, str], *, leave: Collection[str] = ()) -> str:
    """Name what would run by a digest, whatever the job is called and wherever it was made.

    Args:
        job: The job.
        uploads: Where content has to lie for it, by digest.
        leave: Settings that say who asks and where, and not what runs.
    """
    told = to_json(job)
    content = {key: told[key] for key in _CONTENT}
    content["code"] = job.code.digest
    content["environment"]["created"] = None
    content["settings"] = {key: job.settings[key] for key in job.settings if key not in leave}
    content["inputs"] = [
        [item.name, None if is_local(item.location) else item.location] for item in job.inputs
    ]
    content["uploads"] = sorted(uploads.items())
    return digest_of(json.dumps(content, sort_keys=True).encode())


def merged(body: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """Give a request with further parts: tables are joined, all else is replaced.

    A part that is None is left out.
    """
    whole = dict(body)
    for key, value in more.items():
        there = whole.get(key)
        joined = isinstance(there, dict) and isinstance(value, dict)
        whole[key] = merged(there, value) if joined and there is not None else value
    return {key: value for key, value in whole.items() if value is not None}


def time_limit(job: Job, setting: str) -> int:
    """Give how long a job may run, in whole seconds: ``--timeout``, or the driver's setting."""
    return max(1, math.ceil(job.timeout or job.settings[setting]))


def machine_count(job: Job, setting: str) -> int:
    """Give on how many machines a job runs: ``--nodes``, or the driver's setting.

    Raises:
        UsageError: both are given and differ.
    """
    given = int(job.settings[setting])
    if job.nodes > 1 < given != job.nodes:
        raise UsageError(
            f"--nodes={job.nodes}, but {setting} is {given}",
            f"fahr fit --nodes={job.nodes} -c {setting}={job.nodes}",
        )
    return max(job.nodes, given)


def check_gpu_image(job: Job, machine: str, *, has_gpu: bool, gpu_image: bool) -> None:
    """Check that a machine with a GPU gets an image for one; an image of one's own fits any.

    Raises:
        UsageError: it does not.
    """
    if has_gpu and not gpu_image and job.train_image is None:
        raise UsageError(
            f"{machine} has a GPU, and --build-driver={job.build_driver} makes no image for one",
            "fahr fit --build-driver=local-gpu",
        )


def image_by_digest(image: Image | None, service: str) -> str:
    """Give an image's reference by its digest; in a dry run it has none yet.

    Raises:
        UsageError: there is no image, and the service runs nothing else.
    """
    if image is None:
        raise UsageError(f"{service} runs images, and no build driver made one")
    reference = image.reference
    if image.digest is None or "@" in reference:
        return reference
    head, colon, tag = reference.rpartition(":")
    without_tag = head if colon and "/" not in tag else reference
    return f"{without_tag}@{image.digest}"
