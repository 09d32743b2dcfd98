"""Requests for an account of the test cloud, with an image in its registry."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tests.clouds.aws.images import push_bare

from fahr_core.models import Image, Request
from fahr_sagemaker.request import plan
from made_jobs import artifacts_of, job_of

if TYPE_CHECKING:
    from tests.clouds.aws import Cloud

#: The image of each registry; it is always the same.
_PUSHED: dict[str, list[Image]] = {}


def pushed(cloud: Cloud) -> Image:
    """Put an image into the repository that need not run; again is no more."""
    with closing(cloud.client("ecr", own=True)) as ecr:
        there = ecr.describe_repositories()["repositories"]
    if there:
        (image,) = _PUSHED[cloud.registry.host]
        return image
    digest = push_bare(cloud, "fahr").partition("@")[2]
    image = Image(reference=f"{cloud.registry.host}/fahr@{digest}", digest=digest)
    _PUSHED[cloud.registry.host] = [image]
    return image


def planned(cloud: Cloud, settings: dict[str, Any] | None = None, **changes: Any) -> Request:
    """Plan a request for the cloud, with its image in place; nothing is sent."""
    return plan(job_of(settings, **changes), artifacts_of(), pushed(cloud))


def placed(cloud: Cloud, name: str) -> None:
    """Make a training job of this name that somebody else sent."""
    request = planned(cloud, remote_name=name, run_id="somebodyelsesrun")
    with closing(cloud.client("sagemaker", own=True)) as sagemaker:
        sagemaker.create_training_job(**request.body)


def elsewhere(request: Request) -> Request:
    """Give the same request as another run would have made it."""
    body = {**request.body, "Environment": {"FAHR_RUN_ID": "anotherrunsid234"}}
    return replace(request, run_id="anotherrunsid234", body=body)
