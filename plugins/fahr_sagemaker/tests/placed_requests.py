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

#: The image in each registry, which outlives the account.
_PUSHED: dict[str, Image] = {}


def pushed(cloud: Cloud) -> Image:
    """Make sure of the repository and of an image in it that need not run."""
    host = cloud.registry.host
    with closing(cloud.client("ecr", own=True)) as ecr:
        there = bool(ecr.describe_repositories()["repositories"])
        if host not in _PUSHED and there:
            ecr.delete_repository(repositoryName="fahr", force=True)
    if host not in _PUSHED:
        digest = push_bare(cloud, "fahr").partition("@")[2]
        _PUSHED[host] = Image(reference=f"{host}/fahr@{digest}", digest=digest)
    elif not there:
        cloud.repository("fahr")
    return _PUSHED[host]


def planned(cloud: Cloud, settings: dict[str, Any] | None = None, **changes: Any) -> Request:
    """Plan a request for the cloud, with its image in place; nothing is sent."""
    return plan(job_of(settings, **changes), artifacts_of(), pushed(cloud))


def placed(cloud: Cloud, name: str) -> None:
    """Make a training job of this name that somebody else sent."""
    request = planned(cloud, remote_name=name, run_id="somebodyelsesrun", params={"a": 1})
    with closing(cloud.client("sagemaker", own=True)) as sagemaker:
        sagemaker.create_training_job(**request.body)


def elsewhere(request: Request) -> Request:
    """Give the same request as another run would have made it."""
    body = {**request.body, "Environment": {"FAHR_RUN_ID": "anotherrunsid234"}}
    return replace(request, run_id="anotherrunsid234", body=body)
