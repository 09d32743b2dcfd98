"""The real ``fahr`` at the test cloud, as a person at a shell has it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.conftest import eventually, own_home
from tests.e2e.conftest import Fahr

if TYPE_CHECKING:
    from tests.clouds.aws import Cloud, TrainingJob

__all__ = ["eventually", "own_home"]

OUTPUT, ROLE = "s3://models/runs", "trainer"
SETTINGS = (f"--config.output_path={OUTPUT}", f"--config.role_name={ROLE}")
DRIVERS = ("--train-driver=sagemaker", "--build-driver=local-cpu")
LONG = 480  # seconds that a first image may take, on a machine with other things to do


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every story here: each starts real processes."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.e2e)
            item.add_marker(pytest.mark.timeout(900))


class AtAws(Fahr):
    """Runs ``fahr`` in a folder, and looks at the cloud for what became of it."""

    def __init__(self, folder: Path, cloud: Cloud) -> None:
        super().__init__(folder)
        self.cloud = cloud
        # The two settings that have no default, as `fahr init` keeps them.
        self.write("fahr.toml", f'[sagemaker]\noutput_path = "{OUTPUT}"\nrole_name = "{ROLE}"\n')

    def fit(self, *words: str, **options: Any) -> str:
        """Send a job and give its name."""
        options.setdefault("timeout", LONG)
        return str(self("fit", *words, *DRIVERS, **options).line)

    def at_service(self, name: str) -> TrainingJob:
        """Give the training job of a job."""
        return self.cloud.jobs[self.job(name)["remote_name"]]

    def sent(self, *words: str, **options: Any) -> tuple[str, TrainingJob]:
        """Send a job and wait for its end; give its name and the training job."""
        name = self.fit(*words, **options)
        return name, self.at_service(name).wait_for("final", timeout=LONG)

    def fetched(self, name: str, *words: str, **options: Any) -> dict[str, Path]:
        """Fetch a job's output and give its files by their paths."""
        folder = self.folder / self("fetch", "--wait", name, *words, **options).line
        files = [path for path in folder.rglob("*") if path.is_file()]
        return {path.relative_to(folder).as_posix(): path for path in files}

    def printed(self, name: str) -> list[str]:
        """Give the lines of a job."""
        return list(self("logs", name).stdout.splitlines())


@pytest.fixture
def fahr(own_home: Path, aws: Cloud, aws_engine: Any, tmp_path: Path) -> AtAws:
    """Give a runner of ``fahr`` in an empty folder named ``digits``, with an account."""
    aws.bucket("models")
    aws.role(ROLE)
    folder = tmp_path / "digits"
    folder.mkdir()
    return AtAws(folder, aws)
