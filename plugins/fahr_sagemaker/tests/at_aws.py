"""The real ``fahr`` at the test cloud, as a person at a shell has it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.e2e.conftest import Fahr

if TYPE_CHECKING:
    from pathlib import Path

    from tests.clouds.aws import Cloud, TrainingJob

__all__ = ["AtAws", "fahr"]

OUTPUT, ROLE = "s3://models/runs", "trainer"
DRIVERS = ("--train-driver=sagemaker", "--build-driver=local-cpu")
LONG = 480  # seconds that a first image may take, on a machine with other things to do


class AtAws(Fahr):
    """Runs ``fahr`` in a folder, and looks at the cloud for what became of it."""

    def __init__(self, folder: Path, cloud: Cloud) -> None:
        super().__init__(folder)
        self.cloud = cloud
        self.settings()

    def settings(self, *lines: str) -> None:
        """Write what `fahr init` keeps: the two settings without a default, and others."""
        own = ["[sagemaker]", f'output_path = "{OUTPUT}"', f'role_name = "{ROLE}"']
        self.write("fahr.toml", "\n".join([*lines, *own, ""]))

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
