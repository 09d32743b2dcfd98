"""AWS's own SDK, where it is installed, at the test cloud."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.conftest import own_home

from at_aws import fahr, fahr_alone

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["fahr", "fahr_alone", "own_home"]

INSTALLED = importlib.util.find_spec("sagemaker") is not None
#: The SDK would report each call to its makers otherwise.
CONFIG = """
SchemaVersion: '1.0'
SageMaker: {PythonSDK: {Modules: {TelemetryOptOut: true}}}
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip visibly where the SDK is not installed: the session `oracle` brings it."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.timeout(1800))
            if not INSTALLED:
                item.add_marker(pytest.mark.skip(reason="AWS's sagemaker SDK is not installed"))


@pytest.fixture
def sdk(own_home: Path, tmp_path: Path) -> Callable[..., str]:
    """Give a function that runs a script with the SDK, in a process of its own."""
    config = tmp_path / "sdk.yaml"
    config.write_text(CONFIG)
    folder = tmp_path / "sdk"
    folder.mkdir()

    def run(script: str, *words: str) -> str:
        ended = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", script, *words],
            cwd=folder,
            env=os.environ | {"SAGEMAKER_USER_CONFIG_OVERRIDE": str(config)},
            capture_output=True,
            text=True,
            timeout=1200,
        )
        assert ended.returncode == 0, ended.stderr[-4000:] + ended.stdout[-4000:]
        return ended.stdout + ended.stderr

    return run
