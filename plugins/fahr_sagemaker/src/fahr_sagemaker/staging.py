"""What lies in AWS before a job is sent: inputs and the description in S3, secrets stored."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from fahr_core.durations import size
from fahr_core.errors import FahrError, ServiceError
from fahr_core.inputs import is_local
from fahr_core.models import Staged
from fahr_sagemaker import names
from fahr_sagemaker import secrets as secret_store
from fahr_sagemaker.carrying import description_place, description_text
from fahr_sagemaker.client import Client
from fahr_sagemaker.failures import code_of
from fahr_sagemaker.inputs import files_of, input_digest, input_place
from fahr_sagemaker.telling import notes_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fahr_core.hookspecs import Progress
    from fahr_core.models import Job, Request
    from fahr_sagemaker.inputs import LocalFile

__all__ = ["split_uri", "stage"]

#: Lies beside an input's folder once all of it is there.
_WHOLE = ".whole"


def stage(request: Request, secrets: Mapping[str, str], progress: Progress) -> Staged:
    """Upload what a request names, and store the secrets.

    Raises:
        AccessError: a permission is missing.
        DiskError: an input cannot be read.
        ServiceError: AWS failed; the call may be repeated.
    """
    job = request.job
    client = Client.of_settings(job.settings)
    uploaded = reused = 0
    for path, place in _local_inputs(request).items():
        if _is_there(client, place):
            reused += 1
        else:
            _upload(client, job, Path(path), place, progress)
            uploaded += 1
    if (place := description_place(job)) in request.uploads:
        _put_description(client, request, place)
    if secrets:
        secret_store.store(client, job, secrets)
    return Staged(uploaded=uploaded, reused=reused, secrets=tuple(secrets), notes=notes_of(request))


def split_uri(uri: str) -> tuple[str, str]:
    """Give the bucket and the key of an S3 URI."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key


def _local_inputs(request: Request) -> dict[str, str]:
    """Give the S3 folder for each local path."""
    paths = [item.location for item in request.job.inputs if is_local(item.location)]
    there = {}
    for path in paths:
        place = input_place(request.job, input_digest(Path(path)))
        if place not in request.uploads:
            raise ServiceError(f"{path} was changed while the job was made", "fahr fit")
        there[path] = place
    return there


def _is_there(client: Client, place: str) -> bool:
    bucket, key = split_uri(place.rstrip("/") + _WHOLE)
    try:
        client.call("s3", "HeadObject", Bucket=bucket, Key=key)
    except FahrError as error:
        # Without the permission to list a bucket S3 says 403 of what is not there.
        if code_of(error) not in ("404", "NoSuchKey", "403"):
            raise
        return False
    return True


def _upload(client: Client, job: Job, path: Path, place: str, progress: Progress) -> None:
    files = files_of(path)
    total = sum(file.size for file in files)
    count = f"{len(files)} file{'' if len(files) == 1 else 's'}"
    progress("inputs", f"{path}: {count}, {size(total)}, to {place}", 0, total)
    _Upload(client, job, place, progress, total).send(files)
    bucket, key = split_uri(place.rstrip("/") + _WHOLE)
    client.call("s3", "PutObject", Bucket=bucket, Key=key, Body=b"", **_encryption(job))


class _Upload:
    """One input on its way to S3; several files at once, large ones in parts."""

    def __init__(
        self, client: Client, job: Job, place: str, progress: Progress, total: int
    ) -> None:
        self._client = client
        self._bucket, self._prefix = split_uri(place)
        self._extra = _encryption(job)
        self._progress = progress
        self._total = total
        self._done = 0

    def send(self, files: list[LocalFile]) -> None:
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(8) as pool:
            for _ in pool.map(self._send_one, files):
                continue

    def _send_one(self, file: LocalFile) -> None:
        with self._client.answered("s3", "PutObject"):
            self._client.service("s3").upload_file(
                str(file.path),
                self._bucket,
                self._prefix + file.name,
                ExtraArgs=self._extra or None,
                Callback=self._sent,
            )

    def _sent(self, count: int) -> None:
        self._done += count
        self._progress("inputs", "", self._done, self._total)


def _encryption(job: Job) -> dict[str, str]:
    key = job.settings["kms_key"]
    return {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key} if key else {}


def _put_description(client: Client, request: Request, place: str) -> None:
    """Put the description there that the request names by its digest."""
    data = description_text(request.job, request.body).encode()
    bucket, prefix = split_uri(place)
    key = f"{prefix}{PurePosixPath(names.JOB_FILE).name}"
    client.call("s3", "PutObject", Bucket=bucket, Key=key, Body=data, **_encryption(request.job))
