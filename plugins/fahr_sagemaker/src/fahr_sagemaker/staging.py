"""What lies in AWS before a job is sent: inputs and the description in S3, secrets stored."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from fahr_core.errors import FahrError
from fahr_core.input_files import local_inputs
from fahr_core.models import Staged
from fahr_core.uploading import upload_inputs
from fahr_sagemaker import names
from fahr_sagemaker import secrets as secret_store
from fahr_sagemaker.carrying import description_place, description_text
from fahr_sagemaker.client import Client
from fahr_sagemaker.failures import code_of
from fahr_sagemaker.telling import notes_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from fahr_core.hookspecs import Progress
    from fahr_core.input_files import InputFile
    from fahr_core.models import Job, Request

__all__ = ["split_uri", "stage", "unstage"]


def stage(request: Request, secrets: Mapping[str, str], progress: Progress) -> Staged:
    """Upload what a request names, and store the secrets.

    Raises:
        AccessError: a permission is missing.
        DiskError: an input cannot be read.
        ServiceError: AWS failed; the call may be repeated.
    """
    job = request.job
    client = Client.of_settings(job.settings)
    store = _Bucket(client, job)
    local = local_inputs(request, str(job.settings["output_path"]))
    uploaded, reused = upload_inputs(store, local, progress)
    if (place := description_place(job)) in request.uploads:
        name = PurePosixPath(names.JOB_FILE).name
        store.put(place + name, description_text(job, request.body).encode())
    if secrets:
        secret_store.store(client, job, secrets)
    return Staged(uploaded=uploaded, reused=reused, secrets=tuple(secrets), notes=notes_of(request))


def unstage(request: Request) -> None:
    """Remove the secrets of a job that is never sent; uploads are others' too.

    Raises:
        AccessError: a permission is missing.
        ServiceError: AWS does not answer.
    """
    place = request.body["Environment"].get(names.SECRETS_VARIABLE)
    secret_store.remove(Client.of_settings(request.job.settings), str(place or ""))


def split_uri(uri: str) -> tuple[str, str]:
    """Give the bucket and the key of an S3 URI."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key


class _Bucket:
    """S3 as a store of inputs; large files go in parts, several at once."""

    def __init__(self, client: Client, job: Job) -> None:
        self._client = client
        self._extra = _encryption(job)

    def holds(self, place: str) -> bool:
        bucket, key = split_uri(place)
        try:
            self._client.call("s3", "HeadObject", Bucket=bucket, Key=key)
        except FahrError as error:
            # Without the permission to list a bucket S3 says 403 of what is not there.
            if code_of(error) not in ("404", "NoSuchKey", "403"):
                raise
            return False
        return True

    def put(self, place: str, content: bytes) -> None:
        bucket, key = split_uri(place)
        self._client.call("s3", "PutObject", Bucket=bucket, Key=key, Body=content, **self._extra)

    def put_file(self, place: str, file: InputFile, sent: Callable[[int], None]) -> None:
        bucket, key = split_uri(place)
        with self._client.answered("s3", "PutObject"):
            self._client.service("s3").upload_file(
                str(file.path), bucket, key, ExtraArgs=self._extra or None, Callback=sent
            )


def _encryption(job: Job) -> dict[str, str]:
    key = job.settings["kms_key"]
    return {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key} if key else {}
