"""What is wrong with a job before anything is built."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from fahr_core.durations import size
from fahr_core.errors import FahrError, UsageError
from fahr_core.inputs import is_local
from fahr_core.models import Finding
from fahr_docker.train_driver.connection import connect, named_engine
from fahr_docker.train_driver.planning import bytes_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fahr_core.models import Job
    from fahr_docker.engine.local import Engine
    from fahr_docker.train_driver.facts import Facts

__all__ = ["check"]

#: Bytes that have to be free for a job to start, and those below which it is said.
_NONE, _LITTLE = 100 * 1000**2, 2 * 1000**3


def check(job: Job) -> list[Finding]:
    """Look for what would make the job fail later: engine, inputs, GPUs, limits, disk."""
    findings = list(_check_inputs(job))
    try:
        containers = connect(named_engine())
        engine, facts = containers.engine, containers.facts
        findings += [*_check_platform(job, engine), *_check_gpus(job, facts, engine)]
        findings += [*_check_limits(job, facts), *_check_disk(facts)]
    except UsageError as error:
        hints = [hint for hint in error.hints if hint != "nothing was sent"]  # the core says it
        findings.append(_error("engine", error.message, *hints))
    except FahrError as error:
        findings.append(_error("engine", error.message, *error.hints))
    return findings


def _check_inputs(job: Job) -> Iterator[Finding]:
    for item in job.inputs:
        if not is_local(item.location):
            yield _error(
                "inputs",
                f"the docker driver cannot read {item.location}",
                f"download it, then: fahr fit --input {item.name}=./FOLDER",
            )


def _check_platform(job: Job, engine: Engine) -> Iterator[Finding]:
    platform = job.settings.get("platform") or "linux/amd64"
    if engine.is_emulated(platform):
        text = f"{platform} is emulated on {engine.platform}: slow (-c platform={engine.platform})"
        yield Finding(level="warning", subject="platform", message=text)


def _check_gpus(job: Job, facts: Facts, engine: Engine) -> Iterator[Finding]:
    if not job.gpu:
        return
    if job.gpu != "any":
        yield _error(
            "gpu",
            f"docker cannot choose a GPU of type {job.gpu}; it takes those that are there",
            "fahr fit --gpu",
            "fahr fit --gpu -c gpu_devices=0,1",
        )
    if not facts.has_gpus:
        yield _error(
            "gpu",
            f"the engine gives no GPU to containers ({engine.address}): no nvidia runtime",
            "install the NVIDIA Container Toolkit, then:",
            "sudo nvidia-ctk runtime configure --runtime=docker",
            "sudo systemctl restart docker",
        )


def _check_limits(job: Job, facts: Facts) -> Iterator[Finding]:
    memory, cpus = job.settings.get("memory"), job.settings.get("cpus")
    if memory and facts.memory and bytes_of(memory) > facts.memory:
        text = f"memory={memory}, and the engine's machine has {size(facts.memory)}"
        yield _error("memory", text, f"fahr fit -c memory={facts.memory // 2**20}m")
    if cpus and facts.cpus and cpus > facts.cpus:
        text = f"cpus={cpus:g}, and the engine's machine has {facts.cpus}"
        yield _error("cpus", text, f"fahr fit -c cpus={facts.cpus}")


def _check_disk(facts: Facts) -> Iterator[Finding]:
    """Look at the engine's disk, where it is this machine's and may be looked at."""
    try:
        free = shutil.disk_usage(facts.folder).free if facts.is_here and facts.folder else _LITTLE
    except OSError:
        return
    text = f"{size(free)} free for the engine ({facts.folder})"
    if free < _NONE:
        yield _error("disk", text, "docker system prune", "fahr images prune")
    elif free < _LITTLE:
        yield Finding(level="warning", subject="disk", message=text)


def _error(subject: str, message: str, *hints: str) -> Finding:
    return Finding(level="error", subject=subject, message=message, hints=hints)
