"""Images for tests: one that need not run, and one that runs the code of a hyperparameter."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from tests.clouds.images import OCI_TYPE, Push
from tests.clouds.registry import MEDIA_TYPES

if TYPE_CHECKING:
    from tests.clouds.aws.cloud import Cloud

__all__ = ["OCI_TYPE", "encoded", "push_bare", "push_runner"]

CODE = "import base64, json; exec(base64.b64decode(json.load(open("
CODE += "'/opt/ml/input/config/hyperparameters.json'))['code']))"


def encoded(code: str) -> dict[str, str]:
    """Give the hyperparameters by which the image of :func:`push_runner` runs Python code."""
    return {"code": base64.b64encode(code.encode()).decode()}


def push_runner(cloud: Cloud, engine: Any, repository: str) -> str:
    """Push an image that runs the code of a hyperparameter; give it by digest."""
    return Push(cloud.registry, repository).saved(engine, ["python3", "-uc", CODE])


def push_bare(cloud: Cloud, repository: str, media_type: str = MEDIA_TYPES[0]) -> str:
    """Make a repository with an image of one empty layer; give it by digest. No engine needed."""
    cloud.repository(repository)
    return Push(cloud.registry, repository).bare(media_type)
