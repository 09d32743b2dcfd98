"""The settings of the driver shed; importing it costs pydantic and nothing more."""

from pydantic import BaseModel, ConfigDict, Field


class ShedSettings(BaseModel):
    """Settings of jobs that work in a shared folder."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    place: str
    """The folder that holds the jobs; it has to be there."""
    grace: float = Field(default=30.0, gt=0)
    """Seconds from asking a job to stop to killing it."""
