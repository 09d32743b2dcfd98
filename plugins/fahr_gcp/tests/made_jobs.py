"""Jobs as ``fahr fit`` makes them, without an experiment on the disk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.clouds.jobs import DIGEST, artifacts_of, made_job

from fahr_core.models import Image, Job, Request
from fahr_gcp.settings import GcpSettings

if TYPE_CHECKING:
    from tests.clouds.gcp.cloud import Cloud

__all__ = ["DIGEST", "IMAGE", "artifacts_of", "job_of", "pushed", "request_of", "settings_of"]

IMAGE = Image(reference=f"europe-west4-docker.pkg.dev/fahr-tests/fahr/jobs@{DIGEST}", digest=DIGEST)
NEEDED = {"project": "fahr-tests", "output_path": "gs://models/x", "region": "europe-west4"}
#: The image in each registry, which outlives the project.
_PUSHED: dict[str, Image] = {}


def settings_of(**changes: Any) -> dict[str, Any]:
    """Give validated settings, as the ledger holds them."""
    return GcpSettings.model_validate({**NEEDED, **changes}).model_dump(mode="json")


def job_of(settings: dict[str, Any] | None = None, **changes: Any) -> Job:
    """Give a job; ``settings`` are changes to the needed ones."""
    return made_job("gcp", settings_of(**(settings or {})), **changes)


def request_of(
    settings: dict[str, Any] | None = None,
    *,
    gpu: bool = False,
    image: Image = IMAGE,
    **changes: Any,
) -> Request:
    """Plan a job, asking nobody."""
    from fahr_gcp.request import plan

    return plan(job_of(settings, **changes), artifacts_of(gpu=gpu), image)


def pushed(cloud: Cloud) -> Image:
    """Make sure of a repository and of an image in it that need not run."""
    from tests.clouds.gcp.images import push_bare

    cloud.repository("images")
    host = cloud.registry.host
    if host not in _PUSHED:
        reference = push_bare(cloud)
        _PUSHED[host] = Image(reference=reference, digest=reference.partition("@")[2])
    return _PUSHED[host]
