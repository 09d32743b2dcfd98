"""What the service moves between S3 and its machines: channels, checkpoints, output."""

from __future__ import annotations

import hashlib
import re
import tarfile
import tempfile
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from tests.clouds.runner import JobError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.clouds.aws.training_job import TrainingJob

URI = re.compile(r"s3://([^/]+)/?(.*)")
NOTHING_THERE = (
    "ClientError: Data download failed:No S3 objects found under S3 URL '{uri}' given in input "
    "data source. Please ensure that the bucket exists in the selected region ({region}), that "
    "objects exist under that S3 prefix, and that the role '{role}' has 's3:ListBucket' "
    "permissions on bucket '{bucket}'."
)


def split(uri: str) -> tuple[str, str]:
    """Give bucket and key of ``s3://bucket/key``."""
    found = URI.fullmatch(uri)
    if found is None:
        raise JobError(f"ClientError: Invalid S3 URI: {uri}")
    return found.group(1), found.group(2)


def download_channels(s3: Any, job: TrainingJob, region: str, host: str, folder: Path) -> None:
    """Download the channels of one host to ``folder/<channel>/``.

    Raises:
        JobError: a channel has no objects, or asks for what this cloud does not do.
    """
    for channel in job.request.get("InputDataConfig", []):
        source = channel["DataSource"].get("S3DataSource")
        if source is None or source["S3DataType"] != "S3Prefix":
            raise JobError("ClientError: the test cloud takes channels of S3Prefix alone")
        found = _keys(s3, source["S3Uri"])
        if not found:
            bucket, _ = split(source["S3Uri"])
            role = job.request["RoleArn"]
            text = NOTHING_THERE.format(
                uri=source["S3Uri"], region=region, role=role, bucket=bucket
            )
            raise JobError(text)
        if source.get("S3DataDistributionType") == "ShardedByS3Key":
            found = found[job.hosts.index(host) :: len(job.hosts)]
        _download(s3, source["S3Uri"], found, folder / channel["ChannelName"])


def download_checkpoints(s3: Any, uri: str, folder: Path) -> None:
    """Download what earlier attempts left."""
    _download(s3, uri, _keys(s3, uri), folder)


def upload_folder(s3: Any, folder: Path, uri: str, known: dict[str, str]) -> None:
    """Upload the files of a folder whose content is new, and note it."""
    bucket, prefix = split(uri)
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = file.relative_to(folder).as_posix()
        with file.open("rb") as stream:
            mark = hashlib.file_digest(stream, "sha256").hexdigest()
        if known.get(name) != mark:
            s3.upload_file(str(file), bucket, _join(prefix, name))
            known[name] = mark


def upload_archive(s3: Any, folders: Iterable[Path], uri: str) -> None:
    """Upload the content of several folders as one gzipped tar.

    Raises:
        JobError: S3 refuses it.
    """
    bucket, key = split(uri)
    with tempfile.TemporaryFile() as file:
        with tarfile.open(fileobj=file, mode="w:gz", compresslevel=1) as tar:
            for folder in folders:
                for path in sorted(folder.iterdir()):
                    tar.add(path, path.name)
        file.seek(0)
        _upload(s3.upload_fileobj, file, bucket, key)


def upload_files(s3: Any, folders: Iterable[Path], uri: str) -> None:
    """Upload the files of several folders one by one, as CompressionType NONE asks for."""
    bucket, prefix = split(uri)
    for folder in folders:
        for file in sorted(path for path in folder.rglob("*") if path.is_file()):
            key = _join(prefix, file.relative_to(folder).as_posix())
            _upload(s3.upload_file, str(file), bucket, key)


def _upload(send: Any, source: Any, bucket: str, key: str) -> None:
    from boto3.exceptions import S3UploadFailedError
    from botocore.exceptions import ClientError

    try:
        send(source, bucket, key)
    except (ClientError, S3UploadFailedError) as error:
        raise JobError(f"ClientError: Artifact upload failed:{error}") from error


def _keys(s3: Any, uri: str) -> list[str]:
    from botocore.exceptions import ClientError

    bucket, prefix = split(uri)
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    try:
        return [each["Key"] for page in pages for each in page.get("Contents", [])]
    except ClientError:  # no such bucket
        return []


def _download(s3: Any, uri: str, keys: list[str], folder: Path) -> None:
    bucket, prefix = split(uri)
    folder.mkdir(parents=True, exist_ok=True)
    for key in keys:
        if key.endswith("/"):  # the mark of a folder, which the console makes
            continue
        file = folder / _relative(key, prefix)
        file.parent.mkdir(parents=True, exist_ok=True)
        s3.download_file(bucket, key, str(file))


def _relative(key: str, prefix: str) -> str:
    """Give the path of an object in its channel: prefixes need not end with a slash."""
    if key == prefix:
        return PurePosixPath(key).name
    if key.startswith(prefix.rstrip("/") + "/"):
        return key[len(prefix.rstrip("/")) + 1 :]
    return key[prefix.rfind("/") + 1 :]


def _join(prefix: str, name: str) -> str:
    return f"{prefix.rstrip('/')}/{name}".lstrip("/")
