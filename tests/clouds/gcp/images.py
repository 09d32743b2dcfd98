"""Images for tests: one that need not run, and one that runs the code of a variable."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from tests.clouds.images import Push

if TYPE_CHECKING:
    from tests.clouds.gcp.cloud import Cloud

CODE = "import base64, os; exec(base64.b64decode(os.environ['CODE']))"


def encoded(code: str) -> list[dict[str, str]]:
    """Give the ``env`` by which the image of :func:`push_runner` runs Python code."""
    return [{"name": "CODE", "value": base64.b64encode(code.encode()).decode()}]


def push_runner(cloud: Cloud, engine: Any, repository: str = "images/runner") -> str:
    """Push an image that runs the code of the variable CODE; give it by digest."""
    place = f"{cloud.project}/{repository}"
    return Push(cloud.registry, place).saved(engine, ["python3", "-uc", CODE])


def push_bare(cloud: Cloud, repository: str = "images/bare") -> str:
    """Push an image of one empty layer, which does not run; give it by digest."""
    return Push(cloud.registry, f"{cloud.project}/{repository}").bare()
