"""The real ``fahr`` at the test cloud, as a person at a shell has it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.e2e.at_cloud import AtCloud

from tabled_calls import EVERY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.clouds.gcp.asked import Call
    from tests.clouds.gcp.cloud import Cloud

__all__ = ["AtGcp", "fahr", "reader"]

OUTPUT, ACCOUNT = "gs://models/runs", "trainer"
DRIVERS = ("--train-driver=gcp", "--build-driver=local-cpu")


class AtGcp(AtCloud):
    """Runs ``fahr`` in a folder, and looks at the cloud for what became of it."""

    def __init__(self, folder: Path, cloud: Cloud, account: str, repository: str) -> None:
        table = (
            "[gcp]",
            f'project = "{cloud.project}"',
            f'region = "{cloud.regions[0]}"',
            f'output_path = "{OUTPUT}"',
            f'service_account = "{account}"',
            f'image_repository = "{repository}/jobs"',
        )
        super().__init__(folder, cloud, table, DRIVERS)


@pytest.fixture
def reader(own_home: Path, gcp: Cloud, tmp_path: Path) -> Iterator[AtGcp]:
    """Give a runner of ``fahr`` in an empty folder named ``digits``, with a project.

    A call that no table of faults has is an error of the test that makes it.
    """
    gcp.bucket("models")
    account = gcp.service_account(ACCOUNT)
    repository = gcp.repository("images")
    folder = tmp_path / "digits"
    folder.mkdir()
    yield AtGcp(folder, gcp, account, repository)
    own = [call for call in gcp.calls if is_by_fahr(call)]
    assert {call.name for call in own} - EVERY == set()


def is_by_fahr(call: Call) -> bool:
    """Tell the driver's own calls from those of Google's clients."""
    return call.headers.get("x-goog-api-client", "").startswith("fahr-gcp/")


@pytest.fixture
def fahr(reader: AtGcp, gcp_engine: Any) -> AtGcp:
    """Give the same where there is an engine, so that jobs can be sent and run."""
    return reader
