"""Google's own clients, where they are installed, at the test cloud."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.metadata import distributions
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.conftest import own_home

from at_gcp import fahr, reader

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["fahr", "own_home", "reader"]

WANTED = {"google-cloud-aiplatform", "google-cloud-storage"}
MISSING = WANTED - {distribution.name for distribution in distributions()}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip visibly where the clients are not installed: the session `oracle` brings them."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.timeout(1800))
            if MISSING:
                reason = f"Google's own clients are not installed: {', '.join(sorted(MISSING))}"
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture
def sdk(own_home: Path, gcp: Any) -> Callable[..., Any]:
    """Give a function that runs a script with the clients, in a process of its own.

    The script ends by printing one line of JSON, which the function gives.
    """

    def run(script: str, *words: str) -> Any:
        ended = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", script, gcp.endpoint, *words],
            cwd=own_home,
            env=os.environ,
            capture_output=True,
            text=True,
            timeout=1200,
        )
        assert ended.returncode == 0, ended.stderr[-4000:] + ended.stdout[-4000:]
        return json.loads(ended.stdout.splitlines()[-1])

    return run
