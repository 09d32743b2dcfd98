"""The settings of the driver ``kaggle``; importing it costs pydantic and nothing more.

What is None was not said: the default that the description names holds.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

__all__ = ["KaggleSettings"]

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")]
Source = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]+/[A-Za-z0-9_.-]+(/[0-9]+)?$")]
Competition = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]+$")]
Model = Annotated[str, StringConstraints(pattern=r"^[^/\s]+(/[^/\s]+){3,4}$")]


#: The further sessions of a chain for which nobody named a number.
MANY = 10


def _counted(value: Any) -> Any:
    """Read ``--chain`` without a number."""
    return MANY if value is True or str(value).lower() == "true" else value


class KaggleSettings(BaseModel):
    """Settings of jobs that run as Kaggle kernels."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    username: Name | None = None
    """The account that owns the kernel; by default the credentials'."""
    slug: Name | None = None
    """The kernel's name in its address, 5 to 50 characters; by default the artifact's."""
    title: str | None = Field(default=None, min_length=5, max_length=50)
    """The kernel's title; it has to give the slug: lower case, hyphens for what is no letter."""
    is_private: bool | None = None
    """Whether only you see the kernel; by default true. False publishes the code."""
    enable_gpu: bool | None = None
    """Whether it runs on a GPU; by default no. ``--gpu`` says the same."""
    enable_tpu: bool | None = None
    """Whether it runs on a TPU; by default no."""
    machine_shape: Name | None = None
    """The accelerator by Kaggle's name for it, such as NvidiaTeslaT4 or TpuV5E8."""
    enable_internet: bool | None = None
    """Whether the job reaches the internet; by default yes. Some competitions want it off."""
    dataset_sources: list[Source] | None = None
    """Datasets to attach, as ``owner/dataset``."""
    kernel_sources: list[Source] | None = None
    """Kernels whose output is attached, as ``owner/kernel``."""
    competition_sources: list[Competition] | None = None
    """Competitions whose data are attached; you have to have accepted their rules."""
    model_sources: list[Model] | None = None
    """Models to attach: owner, model, framework, variation, perhaps a version, with slashes."""
    docker_image: str | None = None
    """The Kaggle image that the job runs in, from another kernel's metadata."""
    docker_image_pinning_type: Literal["original", "latest"] | None = None
    """Whether later versions keep the first one's image or take the newest."""
    session_timeout: int | None = Field(default=None, ge=60, le=43200)
    """Seconds after which Kaggle ends the session, at most 12 hours; ``--timeout`` is kinder."""
    chain: Annotated[int, BeforeValidator(_counted)] = Field(default=0, ge=0, le=100)
    """Follow-up sessions for a script longer than one; each has the last one's output back.

    ``--chain=3`` says the same, ``--chain`` up to 10 of them. ``--timeout`` is then each
    session's.
    """
