"""The real ``fahr`` at the stand-in for Kaggle, as a person at a shell has it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[4]))

from tests.conftest import own_home  # noqa: F401
from tests.e2e.conftest import Fahr


def pytest_collection_modifyitems(items):
    """Mark every story here: each starts real processes."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.e2e)


class AtKaggle(Fahr):
    """Runs ``fahr`` in a folder, and waits by the stand-in for what it sent there."""

    def __init__(self, folder, cloud):
        super().__init__(folder)
        self.cloud = cloud

    def at(self, cloud, **options):
        """Go to another stand-in."""
        self.cloud = cloud
        self.variables = cloud.environment(**options)
        return self

    def fit(self, *words, **options):
        """Send a job and give its name."""
        return self("fit", *words, "--train-driver=kaggle", **options).line

    def sent(self, *words, seconds=120):
        """Send a job, wait for the end of its session, give its name and the session."""
        before = len(self.cloud.sessions)
        name = self.fit(*words)
        (session,) = self.cloud.sessions[before:]
        session.wait(seconds)
        return name, session

    def fetched(self, name, *words):
        """Fetch a job's output and give its files, text by path."""
        folder = Path(self("fetch", "--wait", name, *words).line)
        folder = self.folder / folder
        files = [path for path in folder.rglob("*") if path.is_file()]
        return {path.relative_to(folder).as_posix(): path for path in files}


@pytest.fixture
def fahr(own_home, outside, cloud, tmp_path):  # noqa: F811
    """Give a runner of ``fahr`` in an empty folder named ``digits``, with credentials."""
    folder = tmp_path / "digits"
    folder.mkdir()
    return AtKaggle(folder, cloud).at(cloud)
