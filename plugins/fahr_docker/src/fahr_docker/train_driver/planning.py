"""The exact container that a job asks for; asks nobody."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

from fahr_core.description import describe_job
from fahr_core.models import Lane, Request
from fahr_docker.train_driver import runtime
from fahr_docker.train_driver.archive import Owner
from fahr_docker.train_driver.connection import named_engine
from fahr_docker.train_driver.containers import HOME_LABEL, JOB_LABEL, RUN_LABEL

if TYPE_CHECKING:
    from fahr_core.models import Image, Job

__all__ = ["GRACE", "ROOT", "bytes_of", "home_mark", "plan", "user_of"]

GRACE = 30.0
ROOT = "0:0"

_UNITS = {"": 1, "k": 1024, "m": 1024**2, "g": 1024**3, "t": 1024**4}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt]?)i?b?", re.IGNORECASE)
#: The launcher's whole log, however the engine is set up: nothing of it may be thrown away.
_LOG = {"Type": "json-file", "Config": {"max-size": "1000g", "max-file": "1", "compress": "false"}}


def plan(job: Job, image: Image | None) -> Request:
    """Plan a container; as many run at once as the settings say, by default one a core."""
    grace = float(job.settings.get("grace") or GRACE)
    reference = (image.digest or image.reference) if image else ""
    inside = {item.name: f"{runtime.INPUTS}/{item.name}" for item in job.inputs}
    document = describe_job(
        job, inputs=inside, grace=grace, enforce_timeout=True, image=reference, log="jsonl"
    )
    return Request(
        driver=job.train_driver,
        name=job.name,
        remote_name=job.remote_name,
        run_id=job.run_id,
        job=job,
        body={
            "engine": named_engine(),
            "container": _container(job, reference, grace),
            "platform": job.settings.get("platform") or "linux/amd64",
            "description": document,
            "inputs": {item.name: item.location for item in job.inputs},
            "mount_inputs": job.settings.get("mount_inputs"),
        },
        lane=Lane(name="docker", limit=job.settings.get("jobs_at_once") or os.cpu_count() or 1),
    )


def user_of(job: Job) -> str:
    """Give the user that a job runs as: the one of the settings, else the caller."""
    if named := job.settings.get("user"):
        return str(named)
    return f"{os.getuid()}:{os.getgid()}" if hasattr(os, "getuid") else ROOT


def home_mark() -> str:
    """Give what tells the jobs of this machine's record from those of another."""
    import hashlib

    from fahr_core.paths import home_folder
    from fahr_core.processes import host

    return hashlib.sha256(f"{host()}\0{home_folder()}".encode()).hexdigest()[:16]


def bytes_of(size: str) -> int:
    """Read a size such as ``8g`` or ``512m``, in bytes; the units are powers of 1024."""
    found = _SIZE.fullmatch(size.strip())
    if found is None:
        raise ValueError(f"{size!r} is no size")
    return int(float(found[1]) * _UNITS[found[2].lower()])


def _container(job: Job, image: str, grace: float) -> dict[str, Any]:
    user = user_of(job)
    return {
        "Image": image,
        # What the first fahr's run.sh looks for; the launcher takes it, too.
        "Cmd": ["train"],
        "User": user,
        "Env": [f"{name}={value}" for name, value in sorted(_variables(job, user).items())],
        "Labels": {RUN_LABEL: job.run_id, JOB_LABEL: job.name, HOME_LABEL: home_mark()},
        "StopSignal": "SIGTERM",
        "StopTimeout": max(1, round(grace)),
        "HostConfig": _limits(job),
    }


def _variables(job: Job, user: str) -> dict[str, str]:
    """Give the container's variables; who is in no passwd needs a home and a name."""
    told = {
        str(name): str(value) for name, value in (job.settings.get("environment") or {}).items()
    }
    if Owner.read(user).uid:
        told = {"HOME": runtime.HOME, "USER": "fahr", "LOGNAME": "fahr"} | told
    return {**told, "FAHR_JOB_FILE": runtime.DESCRIPTION}


def _limits(job: Job) -> dict[str, Any]:
    settings = job.settings
    limits: dict[str, Any] = {
        "LogConfig": _LOG,
        "ShmSize": bytes_of(settings.get("shm_size") or "2g"),
    }
    if memory := settings.get("memory"):
        limits["Memory"] = limits["MemorySwap"] = bytes_of(memory)  # so much, and no swap besides
    if cpus := settings.get("cpus"):
        limits["NanoCpus"] = round(cpus * 1e9)
    if network := settings.get("network"):
        limits["NetworkMode"] = network
    if job.gpu:
        limits["DeviceRequests"] = [_gpus(list(settings.get("gpu_devices") or ()))]
    return limits


def _gpus(devices: list[str]) -> dict[str, Any]:
    """Ask for GPUs; -1 is all of them. Source: "DeviceRequest" in the Docker Engine API."""
    which: dict[str, Any] = {"DeviceIDs": devices} if devices else {"Count": -1}
    return {"Driver": "", "Capabilities": [["gpu"]], **which}
