"""The build drivers ``local-cpu`` and ``local-gpu``: a job's image, made on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fahr_core.errors import FahrError
from fahr_core.hookspecs import hookimpl
from fahr_core.models import BuildInfo, Finding

if TYPE_CHECKING:
    from fahr_core.hookspecs import Progress
    from fahr_core.models import Artifacts, BaseImage, Environment, Image, ImageTarget, Job, Login

__all__ = ["BuildDriver", "cpu", "gpu"]


class BuildDriver:
    """One of the two; they differ in the image that they start from."""

    def __init__(self, *, is_gpu: bool) -> None:
        self._gpu = is_gpu

    @hookimpl
    def build_info(self) -> BuildInfo:
        """Tell of the driver."""
        return BuildInfo(
            title="an image with CUDA, built here" if self._gpu else "an image, built here",
            settings=f"fahr_docker.settings:{'Gpu' if self._gpu else 'Cpu'}ImageSettings",
            gpu=self._gpu,
            needs=("Docker",),
        )

    @hookimpl
    def base_image(self, job: Job, environment: Environment) -> BaseImage:
        """Choose a slim Python, a CUDA image, or the image that the job names."""
        from fahr_docker.bases import choose_base

        return choose_base(job, environment, gpu=self._gpu)

    @hookimpl
    def preflight(self, job: Job) -> list[Finding]:
        """Tell what is doubtful about the base; the engine is missed when it is needed."""
        if not self._gpu or job.train_image:
            return []
        from fahr_docker.bases import choose_cuda

        try:
            chosen = choose_cuda(job.environment, job.build_settings)
        except FahrError as error:
            return [
                Finding(level="error", subject="image", message=error.message, hints=error.hints)
            ]
        return [Finding(level="warning", subject="image", message=text) for text in chosen.warnings]

    @hookimpl
    def build_image(
        self,
        job: Job,
        artifacts: Artifacts,
        target: ImageTarget,
        login: Login | None,
        progress: Progress,
    ) -> Image:
        """Find the image, or put the code on its environment, or build it."""
        from fahr_docker.images import make_image

        return make_image(job, artifacts, target, login, progress)


cpu = BuildDriver(is_gpu=False)
gpu = BuildDriver(is_gpu=True)
