"""The settings of the driver in memory."""

from pydantic import BaseModel, ConfigDict, Field


class MemorySettings(BaseModel):
    """Settings of jobs in this process."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    grace: float = Field(default=4.0, gt=0)
    """Seconds from asking a job to stop to killing it."""
