"""What is done before a job's container is made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fahr_core.models import Staged
from fahr_docker.train_driver import homecoming, keeping

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fahr_core.hookspecs import Progress
    from fahr_core.models import Request

__all__ = ["stage", "unstage"]


def stage(request: Request, secrets: Mapping[str, str], progress: Progress) -> Staged:
    """Keep the secrets until the container is made; bring earlier jobs home.

    Raises:
        DiskError: the disk is full or cannot be written.
    """
    homecoming.tidy(request, progress)
    if secrets:
        keeping.keep_secrets(request.run_id, secrets)
    return Staged(secrets=tuple(secrets))


def unstage(request: Request) -> None:
    """Delete the secrets of a job that is never sent."""
    keeping.forget_secrets(request.run_id)
