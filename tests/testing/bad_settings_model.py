"""The settings of a bad driver; they import a template engine, which they have no use for."""

import jinja2  # noqa: F401
from pydantic import BaseModel, Field


class BadSettings(BaseModel):
    """Settings that take anything."""

    grace: float = Field(default=-1.0, gt=0)
