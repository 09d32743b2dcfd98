"""A job's inputs as channels: S3 folders as they are, local ones uploaded once by content."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fahr_core.errors import AccessError, FahrError, UsageError
from fahr_core.input_files import place_inputs
from fahr_sagemaker.failures import code_of

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    from fahr_core.models import Job
    from fahr_sagemaker.client import Client

__all__ = ["channel", "channels_of", "foreign_places", "input_channels", "look_for"]


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


def foreign_places(body: Mapping[str, Any], uploads: Container[str]) -> dict[str, str]:
    """Give the S3 folders that a request reads and nobody here fills, by their channels' names."""
    found: dict[str, str] = {}
    for each in body.get("InputDataConfig") or ():
        source = (each.get("DataSource") or {}).get("S3DataSource") or {}
        if source.get("S3DataType") == "S3Prefix" and source["S3Uri"] not in uploads:
            found[each["ChannelName"]] = source["S3Uri"]
    return found


def look_for(client: Client, places: Mapping[str, str]) -> str:
    """See that something lies in each of some S3 folders, and name them.

    One that may not be listed by who sends the job may be by the job's role: it counts as there.

    Raises:
        FahrError: nothing lies there, or there is no such bucket.
        ServiceError: S3 does not answer.
    """
    missing = {name: place for name, place in places.items() if not _holds(client, place)}
    if missing:
        told = "; ".join(f"{name}: nothing lies at {place}" for name, place in missing.items())
        raise FahrError(told, *(f"aws s3 ls {place}" for place in missing.values()))
    return ", ".join(places.values())


def _holds(client: Client, place: str) -> bool:
    from fahr_sagemaker.objects import split

    bucket, prefix = split(place)
    try:
        told = client.call("s3", "ListObjectsV2", Bucket=bucket, Prefix=prefix, MaxKeys=1)
    except AccessError as error:
        if code_of(error) != "AccessDenied":
            raise
        return True
    except FahrError as error:
        if code_of(error) != "NoSuchBucket":
            raise
        return False
    return bool(told.get("Contents"))


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
