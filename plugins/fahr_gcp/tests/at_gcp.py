"""The real ``fahr`` at the test cloud, as a person at a shell has it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.clouds.gcp.cloud import PROJECT, REGION
from tests.e2e.conftest import Fahr

if TYPE_CHECKING:
    from pathlib import Path

    from tests.clouds.gcp.cloud import Cloud
    from tests.clouds.gcp.custom_job import CustomJob

__all__ = ["AtGcp", "fahr", "reader"]

OUTPUT = "gs://models/runs"
DRIVERS = ("--train-driver=gcp", "--build-driver=local-cpu")
LONG = 480  # seconds that a first image may take, on a machine with other things to do


class AtGcp(Fahr):
    """Runs ``fahr`` in a folder, and looks at the cloud for what became of it."""

    def __init__(self, folder: Path, cloud: Cloud) -> None:
        super().__init__(folder)
        self.cloud = cloud
        self.settings()

    def settings(self, *lines: str, **own: str) -> None:
        """Write what `fahr init` keeps: the settings without a default, and others."""
        told = {"project": PROJECT, "output_path": OUTPUT, "region": REGION, **own}
        table = ["[gcp]", *(f'{name} = "{value}"' for name, value in told.items())]
        self.write("fahr.toml", "\n".join([*lines, *table, ""]))

    def fit(self, *words: str, **options: Any) -> str:
        """Send a job and give its name."""
        options.setdefault("timeout", LONG)
        return str(self("fit", *words, *DRIVERS, **options).line)

    def at_service(self, name: str) -> CustomJob:
        """Give the custom job of a job."""
        return self.cloud.jobs[self.job(name)["remote_name"]]

    def sent(self, *words: str, **options: Any) -> tuple[str, CustomJob]:
        """Send a job and wait for its end; give its name and the custom job."""
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
def reader(own_home: Path, gcp: Cloud, tmp_path: Path) -> AtGcp:
    """Give a runner of ``fahr`` in an empty folder named ``digits``, for jobs that are there."""
    gcp.bucket("models")
    folder = tmp_path / "digits"
    folder.mkdir()
    return AtGcp(folder, gcp)


@pytest.fixture
def fahr(reader: AtGcp, gcp_engine: Any) -> AtGcp:
    """Give the same where there is an engine, so that jobs are sent and run."""
    return reader
