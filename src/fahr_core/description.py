"""The job description: the one document that tells the launcher what to run.

The launcher reads it inside the job (:mod:`fahr_core.launcher.job` says each field); it is
not in the image, so that all trials of a sweep share one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fahr_core.models import to_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fahr_core.models import Job

__all__ = ["describe_job"]

#: The schema of the document; the launcher refuses a newer one.
SCHEMA = 1


def describe_job(
    job: Job,
    *,
    inputs: Mapping[str, str] | None = None,
    grace: float | None = None,
    enforce_timeout: bool = False,
    image: str | None = None,
    log: str = "raw",
) -> dict[str, Any]:
    """Give the launcher's document for a job.

    Args:
        job: The job.
        inputs: Where each input lies inside the job, by name, where that differs from the
            job's own locations.
        grace: Seconds from SIGTERM to SIGKILL on this service.
        enforce_timeout: Whether the launcher ends the job at its time limit, because the
            service does not.
        image: The digest of the image that the job runs in.
        log: ``raw`` passes the job's bytes on, ``jsonl`` adds times for a service that keeps
            none.
    """
    places = inputs or {}
    environment = job.environment
    document = {
        "schema": SCHEMA,
        "name": job.name,
        "driver": job.train_driver,
        "artifact": job.artifact,
        "kind": job.kind,
        "params": dict(job.params),
        "inputs": {item.name: places.get(item.name, item.location) for item in job.inputs},
        "nodes": job.nodes,
        "launch": job.launch,
        "secrets": list(job.secrets),
        "timeout": job.timeout if enforce_timeout else None,
        "grace": grace,
        "gpu": job.gpu is not None,
        "exclude": list(job.output_exclude),
        "git": to_json(job.git),
        "image": image,
        "environment": {"python": environment.python, "lock": environment.lock},
        "log": log,
        "run_script": job.code.run_script,
    }
    return {key: value for key, value in document.items() if value is not None}
