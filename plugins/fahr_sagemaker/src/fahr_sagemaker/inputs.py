"""A job's inputs as channels: S3 folders as they are, local ones uploaded once by content."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fahr_core.errors import UsageError
from fahr_core.input_files import place_inputs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fahr_core.models import Job

__all__ = ["channel", "channels_of", "input_channels"]


def input_channels(job: Job) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """Give the channels of a job's inputs, and which S3 folders have to hold which content.

    Raises:
        DiskError: a local input cannot be read.
        UsageError: an input lies where SageMaker cannot read it.
    """
    output = str(job.settings["output_path"])
    places, uploads = place_inputs(job, output, lambda item: _checked(item.name, item.location))
    return [channel(name, place) for name, place in places.items()], uploads


def channels_of(settings: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Give the channels that the settings name.

    Raises:
        UsageError: one lies where SageMaker cannot read it.
    """
    return [channel(name, _checked(name, uri)) for name, uri in settings["channels"].items()]


def channel(name: str, uri: str) -> dict[str, Any]:
    """Give a channel that brings all that lies below an S3 folder to every machine."""
    source = {"S3DataType": "S3Prefix", "S3Uri": uri, "S3DataDistributionType": "FullyReplicated"}
    return {"ChannelName": name, "DataSource": {"S3DataSource": source}}


def _checked(name: str, uri: str) -> str:
    if uri.startswith("s3://"):
        return uri
    raise UsageError(
        f"input {name}: SageMaker cannot read {uri}",
        f"--input {name}=s3://bucket/prefix    or a local folder: --input {name}=./folder",
    )
