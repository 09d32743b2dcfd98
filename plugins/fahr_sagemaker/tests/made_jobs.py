"""Jobs as ``fahr fit`` makes them, without an experiment on the disk."""

from __future__ import annotations

from typing import Any

from tests.clouds.jobs import DIGEST, artifacts_of, made_job

from fahr_core.models import Image, Job, Request
from fahr_sagemaker import account
from fahr_sagemaker.account import Account
from fahr_sagemaker.client import Client
from fahr_sagemaker.settings import SageMakerSettings

__all__ = [
    "ACCOUNT",
    "DIGEST",
    "IMAGE",
    "NEEDED",
    "artifacts_of",
    "job_of",
    "request_of",
    "settings_of",
]

ACCOUNT = Account(
    number="123456789012",
    partition="aws",
    region="eu-west-1",
    role="arn:aws:iam::123456789012:role/trainer",
    repository="123456789012.dkr.ecr.eu-west-1.amazonaws.com/fahr",
)
IMAGE = Image(reference=f"{ACCOUNT.repository}@{DIGEST}", digest=DIGEST)
NEEDED = {"output_path": "s3://models/x", "role_name": "trainer", "region": "eu-west-1"}


def settings_of(**changes: Any) -> dict[str, Any]:
    """Give validated settings, as the ledger holds them."""
    return SageMakerSettings.model_validate({**NEEDED, **changes}).model_dump(mode="json")


def job_of(settings: dict[str, Any] | None = None, **changes: Any) -> Job:
    """Give a job; ``settings`` are changes to the needed ones."""
    return made_job("sagemaker", settings_of(**(settings or {})), **changes)


def request_of(
    settings: dict[str, Any] | None = None, *, gpu: bool = False, **changes: Any
) -> Request:
    """Plan a job for an account that is known already, asking nobody."""
    from fahr_sagemaker.request import plan

    job = job_of(settings, **changes)
    account.learn(Client.of_settings(job.settings), job.settings, ACCOUNT)
    return plan(job, artifacts_of(gpu=gpu), IMAGE)
