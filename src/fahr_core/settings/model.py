"""The core's own settings: what holds on every driver."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from fahr_core.durations import parse_duration
from fahr_core.errors import UsageError
from fahr_core.settings.fields import Kind

__all__ = ["CoreSettings"]


class CoreSettings(BaseModel):
    """Settings that the core reads itself, whatever the driver."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    train_driver: str | None = None
    """Where jobs run: a driver's name, or the path of its file."""
    build_driver: str | None = None
    """How the image is made: local-cpu or local-gpu."""
    train_image: str | None = None
    """An image to start from instead of the build driver's choice."""
    artifact: str | None = None
    """The training artifact, when the folder holds several."""
    envfile: str | None = None
    """The environment file, when it is not the first one found."""
    python: str | None = Field(default=None, pattern=r"^3\.\d+$", examples=["3.11"])
    """The job's Python version, such as 3.11."""
    include: list[str] = []
    """Files and folders that travel though they are left out by default."""
    exclude: list[str] = []
    """Further files and folders that never travel, as in .gitignore."""
    extensions: list[str] = []
    """Extensions that are switched on, by name."""
    gpu: str | None = None
    """A GPU for the job: any, or a type of the service."""
    timeout: Annotated[float, Kind("duration")] | None = None
    """How long the job may run: 90s, 30m, 2h."""
    nodes: int = Field(default=1, ge=1)
    """On how many machines the job runs at once."""
    launch: Literal["auto", "python", "torchrun"] = "auto"
    """What starts a script on several nodes: auto takes torchrun."""
    output_exclude: list[str] = []
    """Files that are not taken home, as in .gitignore: [output] exclude."""
    params: dict[str, Any] = {}
    """Parameters of the training artifact."""

    @field_validator("timeout", mode="before")
    @classmethod
    def _seconds(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        try:
            return parse_duration(value)
        except UsageError as error:
            raise ValueError(f"{error.message}; {error.hints[0]}") from error

    @field_validator("gpu", mode="before")
    @classmethod
    def _any_gpu(cls, value: Any) -> Any:
        if isinstance(value, bool):
            return "any" if value else None
        if isinstance(value, str) and value.lower() in ("true", "yes"):
            return "any"
        return None if value in ("false", "no", "none", "") else value
