"""The settings of the build drivers ``local-cpu`` and ``local-gpu``."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["CpuImageSettings", "GpuImageSettings"]


class CpuImageSettings(BaseModel):
    """Settings of images for training on processors."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    system_packages: list[str] = []
    """Debian or Ubuntu packages that the image gets besides, such as ffmpeg or gcc."""
    uv_image: str | None = None
    """Where uv comes from, where the usual place cannot be reached."""
    micromamba_image: str | None = None
    """Where micromamba comes from, for environments of conda's."""


class GpuImageSettings(CpuImageSettings):
    """Settings of images for training on NVIDIA GPUs."""

    cuda: str | None = Field(default=None, pattern=r"^\d{1,2}\.\d{1,2}(\.\d{1,2})?$")
    """The CUDA version of the base image, in place of what the locked packages ask for."""
    nvcc: bool = False
    """Whether something is compiled with nvcc: the base image then has CUDA's tools."""
