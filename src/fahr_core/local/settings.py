"""The local driver's settings."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["LocalSettings"]


class LocalSettings(BaseModel):
    """Settings of jobs that run on this machine."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    jobs_at_once: int | None = Field(default=None, ge=1)
    """How many jobs run at once; the rest wait in the queue. Default: one for each core."""
    grace: float = Field(default=30.0, gt=0)
    """Seconds from asking a job to stop to killing it; its output is collected in the second
    half."""
    environment: dict[str, str] = {}
    """Further environment variables for the job."""
