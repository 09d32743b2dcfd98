"""How the job description reaches the job: in variables, or as a file in a channel.

A variable of a training job holds 512 characters, and there are a hundred of them, so that a
description that is longer than usual lies in S3.
Source: CreateTrainingJob, TrainingEnvironmentMap.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from fahr_core.description import describe_job
from fahr_core.store import digest_of
from fahr_sagemaker import names
from fahr_sagemaker.inputs import channel
from fahr_sagemaker.instances import has_gpu

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fahr_core.models import Job

__all__ = ["description_place", "description_text", "with_description"]

#: Seconds from SIGTERM to SIGKILL, for a stop, an interruption and the time limit alike.
#: Source: "Stop a training job", Amazon SageMaker AI developer guide.
GRACE = 120.0
_LETTERS = 512
_VARIABLES = 40


def with_description(job: Job, body: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """Add the job description to a request.

    Gives the request, and what has to lie in S3 first by its digest.
    """
    text = description_text(job, body)
    pieces = [text[start : start + _LETTERS] for start in range(0, len(text), _LETTERS)]
    if len(pieces) <= _VARIABLES:
        return _with(body, {f"FAHR_JOB_{n}": piece for n, piece in enumerate(pieces)}), {}
    place = description_place(job)
    whole = _with(body, {"FAHR_JOB_FILE": names.JOB_FILE})
    brought = channel(names.JOB_CHANNEL, place)
    whole["InputDataConfig"] = [*body.get("InputDataConfig", ()), brought]
    return whole, {place: digest_of(text.encode())}


def description_text(job: Job, body: Mapping[str, Any]) -> str:
    """Give the description of a job as one line of ASCII.

    It tells the digest of the image in the request, and whether its machine has a GPU, without
    which the job must not train.
    """
    image = str((body.get("AlgorithmSpecification") or {}).get("TrainingImage") or "")
    document = describe_job(job, grace=GRACE, image=image.partition("@")[2] or None)
    instance = str((body.get("ResourceConfig") or {}).get("InstanceType") or "")
    document["gpu"] = has_gpu(instance) or document["gpu"]
    return json.dumps(document, separators=(",", ":"), sort_keys=True)


def description_place(job: Job) -> str:
    """Give the S3 folder that holds a long description."""
    output = str(job.settings["output_path"]).rstrip("/")
    return f"{output}/{job.remote_name}/fahr/"


def _with(body: Mapping[str, Any], variables: Mapping[str, str]) -> dict[str, Any]:
    return {**body, "Environment": {**body.get("Environment", {}), **variables}}
