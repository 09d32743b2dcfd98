"""What lies in the project before a job is sent: inputs in the bucket, secrets stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fahr_core.input_files import local_inputs
from fahr_core.models import Staged
from fahr_core.uploading import upload_inputs
from fahr_gcp import secrets as secret_store
from fahr_gcp.buckets import Bucket
from fahr_gcp.client import Client
from fahr_gcp.telling import notes_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fahr_core.hookspecs import Progress
    from fahr_core.models import Request

__all__ = ["stage", "unstage"]


def stage(request: Request, secrets: Mapping[str, str], progress: Progress) -> Staged:
    """Upload what a request names, and store the secrets.

    Raises:
        AccessError: a permission is missing.
        DiskError: an input cannot be read.
        ServiceError: Google failed; the call may be repeated.
    """
    settings = request.job.settings
    client = Client.of_settings(settings)
    store = Bucket(client, settings["encryption"])
    local = local_inputs(request, str(settings["output_path"]))
    uploaded, reused = upload_inputs(store, local, progress)
    if secrets:
        secret_store.store(client, request.job, secrets)
    return Staged(uploaded=uploaded, reused=reused, secrets=tuple(secrets), notes=notes_of(request))


def unstage(request: Request) -> None:
    """Remove the secret of a job that is never sent; uploads are others' too.

    Raises:
        AccessError: a permission is missing.
        ServiceError: Google does not answer.
    """
    client = Client.of_settings(request.job.settings)
    secret_store.remove(client, secret_store.secret_path(client, request.job))
