"""The exact call customJobs.create for a job, made without asking anybody."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fahr_core.container import container_artifacts
from fahr_core.description import describe_job
from fahr_core.errors import UsageError
from fahr_core.input_files import place_inputs
from fahr_core.models import Request
from fahr_core.request_parts import (
    check_gpu_image,
    content_of,
    image_by_digest,
    machine_count,
    merged,
    time_limit,
)
from fahr_gcp import names
from fahr_gcp.client import Client
from fahr_gcp.machines import choose_machine
from fahr_gcp.secrets import variable_of
from fahr_gcp.validation import check_request

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fahr_core.models import Artifacts, BaseImage, Image, Input, Job
    from fahr_gcp.machines import Machine

__all__ = ["complete", "machine_of", "plan", "render"]

#: Seconds from SIGTERM to SIGKILL, when a job is cancelled or a spot machine taken back.
#: Source: "Use Spot VMs with training": a preempted machine has 30 seconds.
GRACE = 30.0
#: The launcher ends a job at its time limit and brings its output home; the service's own limit
#: is for a launcher that does not, and counts the pulling of the image too.
_MARGIN = 900
#: Source: "Schedule training jobs based on resource availability": seven days.
_FLEX_LIMIT = 7 * 86400
#: Characters of a variable's value; no limit is documented, and Linux allows 131,072.
_LETTERS = 32768
_VARIABLES = 40
#: Settings that say who asks, and not what runs.
_WHOSE = ("region", "quota_project")
_STRATEGIES = {"spot": "SPOT", "flex-start": "FLEX_START"}


def render(job: Job, base: BaseImage | None) -> Artifacts:
    """Render the image's files, with the runtime for Vertex AI; the image fits the machine.

    Raises:
        DriverError: no build driver gave a base.
        UsageError: the image does not fit the machine, or settings contradict each other.
    """
    _fit_machine(job, gpu_image=bool(base and base.gpu))
    return container_artifacts(job, base, Path(__file__).parent)


def plan(job: Job, artifacts: Artifacts, image: Image | None) -> Request:
    """Plan a job's request.

    The request's job names the region, so that another process sends it to the same one.

    Raises:
        DiskError: a local input cannot be read.
        SettingsError: everything that the API does not allow, in one message.
        UsageError: settings that contradict each other.
    """
    machine = _fit_machine(job, gpu_image=bool(artifacts.base and artifacts.base.gpu))
    body, uploads = complete(job, machine, image_by_digest(image, "Vertex AI"))
    region = Client.of_settings(job.settings).region
    return Request(
        driver=job.train_driver,
        name=job.name,
        remote_name=job.remote_name,
        run_id=job.run_id,
        body=body,
        job=replace(job, settings={**job.settings, "region": region}),
        uploads=uploads,
    )


def _fit_machine(job: Job, *, gpu_image: bool) -> Machine:
    """Give the job's machine, which fits its image.

    Raises:
        UsageError: it does not.
    """
    machine = machine_of(job, gpu_image=gpu_image)
    check_gpu_image(job, machine.type, has_gpu=machine.has_gpu, gpu_image=gpu_image)
    return machine


def machine_of(job: Job, *, gpu_image: bool) -> Machine:
    """Give the machine that settings, ``--gpu`` and the image ask for.

    Raises:
        UsageError: these contradict each other.
    """
    machine, accelerator, count = (
        job.settings[name] for name in ("machine_type", "accelerator_type", "accelerator_count")
    )
    return choose_machine(machine, accelerator, count, job.gpu, gpu_image=gpu_image)


def complete(job: Job, machine: Machine, image: str) -> tuple[dict[str, Any], dict[str, str]]:
    """Give the whole request, checked, and what has to lie in the bucket first by its digest.

    Raises:
        DiskError: a local input cannot be read.
        SettingsError: what the API does not allow.
        UsageError: settings that contradict each other.
    """
    settings = job.settings
    places, uploads = place_inputs(job, str(settings["output_path"]), _remote_place)
    labels = {
        **_labels(job),
        names.RUN_LABEL: job.run_id,
        names.JOB_LABEL: job.name,
        names.CONTENT_LABEL: content_of(job, uploads, leave=_WHOSE).removeprefix("sha256:")[:40],
    }
    body = {
        "displayName": job.remote_name,
        "jobSpec": _job_spec(job, machine, _container(job, machine, image, places)),
        "labels": labels,
    }
    if key := settings["encryption"]:
        body["encryptionSpec"] = {"kmsKeyName": key}
    body = merged(body, settings["request"])
    check_request(body)
    return body, uploads


def _job_spec(job: Job, machine: Machine, container: dict[str, Any]) -> dict[str, Any]:
    settings = job.settings
    spec: dict[str, Any] = {
        "workerPoolSpecs": _pools(job, machine, container),
        "scheduling": _scheduling(job),
        "baseOutputDirectory": {
            "outputUriPrefix": names.base_of(settings["output_path"], job.remote_name)
        },
    }
    for setting, key in (
        ("service_account", "serviceAccount"),
        ("network", "network"),
        ("web_access", "enableWebAccess"),
    ):
        if settings[setting]:
            spec[key] = settings[setting]
    if resource := settings["persistent_resource"]:
        spec["persistentResourceId"] = resource
    return spec


def _pools(job: Job, machine: Machine, container: dict[str, Any]) -> list[dict[str, Any]]:
    """Give the pools: the first has one machine, all others are in the second."""
    settings, count = job.settings, machine_count(job, "replica_count")
    spec: dict[str, Any] = {"machineType": machine.type}
    if machine.accelerator:
        spec.update(acceleratorType=machine.accelerator, acceleratorCount=machine.count)
    pool: dict[str, Any] = {"machineSpec": spec, "replicaCount": "1", "containerSpec": container}
    if not settings["persistent_resource"]:
        pool["diskSpec"] = {
            "bootDiskType": settings["boot_disk_type"] or "pd-ssd",
            "bootDiskSizeGb": settings["boot_disk_size"],
        }
    return [pool] if count == 1 else [pool, {**pool, "replicaCount": str(count - 1)}]


def _scheduling(job: Job) -> dict[str, Any]:
    settings = job.settings
    limit = time_limit(job, "timeout") + _MARGIN
    if settings["strategy"] == "flex-start":
        limit = min(limit, _FLEX_LIMIT)
    found: dict[str, Any] = {"timeout": f"{limit}s"}
    if strategy := _STRATEGIES.get(settings["strategy"]):
        found["strategy"] = strategy
    if settings["max_wait"]:
        found["maxWaitDuration"] = f"{settings['max_wait']}s"
    restart = settings["restart_job"]
    if restart is None:
        restart = machine_count(job, "replica_count") > 1 and not settings["disable_retries"]
    if restart:
        found["restartJobOnWorkerRestart"] = True
    if settings["disable_retries"]:
        found["disableRetries"] = True
    return found


def _container(job: Job, machine: Machine, image: str, places: Mapping[str, str]) -> dict[str, Any]:
    settings = job.settings
    own = {
        names.PLACE_VARIABLE: names.base_of(settings["output_path"], job.remote_name),
        **variable_of(job),
        **_description(job, machine, image),
    }
    if places:
        own[names.INPUTS_VARIABLE] = _json(places)
        own[names.INPUT_MODE_VARIABLE] = settings["inputs"]
    variables = {**{key: _literal(text) for key, text in settings["environment"].items()}, **own}
    return {
        "imageUri": image,
        "env": [{"name": name, "value": value} for name, value in variables.items()],
    }


def _description(job: Job, machine: Machine, image: str) -> dict[str, str]:
    """Give the job description in variables; a hundred of them are allowed."""
    limited = replace(job, timeout=float(time_limit(job, "timeout")))
    digest = image.partition("@")[2] or None
    document = describe_job(limited, grace=GRACE, enforce_timeout=True, image=digest)
    document["gpu"] = machine.has_gpu or document["gpu"]
    text = _json(document)
    pieces = [text[start : start + _LETTERS] for start in range(0, len(text), _LETTERS)]
    if len(pieces) > _VARIABLES:
        raise UsageError(
            f"the job's parameters have {len(text)} characters; Vertex AI takes about a million",
            "give the long ones as a file: --input NAME=./file",
        )
    return {f"FAHR_JOB_{number}": piece for number, piece in enumerate(pieces)}


def _json(document: Any) -> str:
    """Give JSON in which nothing looks like ``$(NAME)``, which Vertex AI would replace."""
    text = json.dumps(document, separators=(",", ":"), sort_keys=True)
    return text.replace("$", "\\u0024")


def _literal(text: str) -> str:
    """Write a value so that it arrives as it is.

    Source: EnvVar.value, Vertex AI API reference: ``$(NAME)`` is replaced, ``$$`` escapes it.
    """
    return re.sub(r"\$(?=[$(])", "$$", text)


def _labels(job: Job) -> dict[str, str]:
    return {**{key: str(value) for key, value in job.tags.items()}, **job.settings["labels"]}


def _remote_place(item: Input) -> str:
    if item.location.startswith("gs://") and item.location.partition("//")[2].strip("/"):
        return item.location
    raise UsageError(
        f"input {item.name}: Vertex AI cannot read {item.location}",
        f"--input {item.name}=gs://bucket/prefix    or a local folder: "
        f"--input {item.name}=./folder",
    )
