"""The official ``kaggle`` command, where it is installed, at the stand-in."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[4]))

from tests.clouds.kaggle.fixtures import (  # noqa: F401
    cloud,
    clouds,
    kaggle_image,
    outside,
)

SCRIPTS = sysconfig.get_path("scripts")


@dataclass
class Command:
    """Runs a command at the stand-in, as a person at a shell."""

    program: str
    folder: Path
    environment: dict[str, str]

    def __call__(self, *words, status=0, **options):
        """Run it to its end and give what it printed."""
        ended = subprocess.run(
            [self.program, *map(str, words)],
            cwd=self.folder,
            env=os.environ | self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=240,
            **options,
        )
        assert ended.returncode == status, (ended.stdout, ended.stderr)
        return ended.stdout


@pytest.fixture
def shell(cloud, outside, tmp_path, request):  # noqa: F811
    """Give a function that gives a command in an empty folder and an empty home."""
    folder, home = tmp_path / "digits", tmp_path / "home"
    folder.mkdir()
    home.mkdir()
    own = {"HOME": str(home), "USERPROFILE": str(home), "FAHR_HOME": str(home / "fahr")}
    own |= cloud.environment(tls=getattr(request, "param", False))

    def command(name):
        program = shutil.which(name, path=SCRIPTS)
        if program is None:
            pytest.skip(f"the command {name} is not installed")
        return Command(program, folder, own)

    return command


@pytest.fixture
def kaggle(shell):
    """Give the official command."""
    return shell("kaggle")


@pytest.fixture
def fahr(shell):
    """Give fahr."""
    return shell("fahr")
