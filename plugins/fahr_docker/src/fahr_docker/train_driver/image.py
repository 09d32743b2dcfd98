"""The image of a job: what it is made from, and where it stays."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from fahr_core.container import container_artifacts
from fahr_core.errors import DriverError
from fahr_core.models import ImageTarget

if TYPE_CHECKING:
    from typing import NoReturn

    from fahr_core.models import Artifacts, BaseImage, Job

__all__ = ["login_to", "render", "target_of"]


def render(job: Job, base: BaseImage | None) -> Artifacts:
    """Render the image's files, with the runtime for containers.

    Raises:
        DriverError: no build driver gave a base.
    """
    return container_artifacts(job, base, Path(__file__).parent)


def target_of(job: Job) -> ImageTarget:
    """Leave the image in the engine's own store."""
    return ImageTarget(platform=job.settings.get("platform") or "linux/amd64")


def login_to(target: ImageTarget) -> NoReturn:
    """Refuse: the engine's own store has no login.

    Raises:
        DriverError: always.
    """
    raise DriverError(f"the docker driver pushes nothing, so not to {target.repository} either")
