"""The docker driver's settings."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["DockerSettings"]

_SIZE = r"^\d+(\.\d+)?\s*([kKmMgGtT][iI]?)?[bB]?$"


class DockerSettings(BaseModel):
    """Settings of jobs that run in containers on a Docker engine."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    memory: str | None = Field(default=None, pattern=_SIZE)
    """How much memory the job may use, such as 8g; a job that needs more is killed. Default: all
    that the engine's machine has."""
    cpus: float | None = Field(default=None, gt=0)
    """How many processors the job may use, such as 2 or 0.5. Default: all."""
    shm_size: str = Field(default="2g", pattern=_SIZE)
    """The size of /dev/shm, over which data loaders hand batches to the training."""
    gpu_devices: list[str] = []
    """Which GPUs a job with --gpu gets, by index or UUID. Default: all."""
    user: str | None = Field(default=None, pattern=r"^\d+(:\d+)?$")
    """The user (and group) that the job runs as, in numbers; 0 is root. Default: yours."""
    mount_inputs: bool | None = None
    """Whether the job reads local inputs where they are (true), or gets a copy (false). Default:
    where they are, if the engine is on this machine."""
    platform: str = Field(default="linux/amd64", pattern=r"^linux/[a-z0-9]+(/v\d)?$")
    """The platform of the image. Another than the engine's own is emulated, which is slow."""
    network: str | None = Field(default=None, pattern=r"^[A-Za-z0-9][\w.:-]*$")
    """The engine's network that the job is in, such as none, host, or one of your own."""
    environment: dict[str, str] = {}
    """Further environment variables for the job. The engine shows them to all who may ask it:
    what is secret goes by --secret."""
    grace: float = Field(default=30.0, gt=0)
    """Seconds from asking a job to stop to killing it; its output is collected in the second
    half."""
    jobs_at_once: int | None = Field(default=None, ge=1)
    """How many jobs run at once; the rest wait in the queue. Default: one for each core of this
    machine."""
