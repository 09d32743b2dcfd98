"""The real ``fahr`` at the test cloud, as a person at a shell has it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.e2e.at_cloud import AtCloud

if TYPE_CHECKING:
    from pathlib import Path

    from tests.clouds.aws import Cloud

__all__ = ["AtAws", "fahr", "fahr_alone"]

OUTPUT, ROLE = "s3://models/runs", "trainer"
DRIVERS = ("--train-driver=sagemaker", "--build-driver=local-cpu")


class AtAws(AtCloud):
    """Runs ``fahr`` in a folder, and looks at the cloud for what became of it."""

    def __init__(self, folder: Path, cloud: Cloud) -> None:
        table = ("[sagemaker]", f'output_path = "{OUTPUT}"', f'role_name = "{ROLE}"')
        super().__init__(folder, cloud, table, DRIVERS)


@pytest.fixture
def fahr(fahr_alone: AtAws, aws_engine: Any) -> AtAws:
    """Give a runner of ``fahr`` whose jobs run."""
    return fahr_alone


@pytest.fixture
def fahr_alone(own_home: Path, aws: Cloud, tmp_path: Path) -> AtAws:
    """Give a runner of ``fahr`` in an empty folder named ``digits``, with an account."""
    aws.bucket("models")
    aws.role(ROLE)
    folder = tmp_path / "digits"
    folder.mkdir()
    return AtAws(folder, aws)
