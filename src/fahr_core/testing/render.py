"""The render contract: files made of the job alone, whatever names people give."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
from dataclasses import replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import pytest

from fahr_core.errors import FahrError
from fahr_core.sample import sample_job
from fahr_core.testing.fixtures import DriverFixtures, render
from fahr_core.testing.promises import broken
from fahr_core.testing.scripts import NOTHING

if TYPE_CHECKING:
    from pathlib import Path

    from fahr_core.models import Job, RenderedFile
    from fahr_core.session import Session
    from fahr_core.testing.fixtures import MakeExperiment, MakePlan

__all__ = ["RenderContract"]

#: A file name that would be a command, an instruction or a template if it were rendered raw.
ODD = 'it\'s "odd" $(touch pwned) `touch pwned` {{ 6 * 7 }}\nRUN touch pwned\n.py'


class RenderContract(DriverFixtures):
    """Rendering is pure: the same job gives the same files, and nothing else happens."""

    @pytest.fixture
    def job(self, experiment: MakeExperiment, plan: MakePlan) -> Job:
        """Give a job to render for."""
        made = plan(experiment(NOTHING))
        return sample_job(made.session, made.settings, made.experiment)

    def test_the_same_job_gives_the_same_files(self, session: Session, job: Job) -> None:
        """No time, random part or order of a set is in a rendered file."""
        first, second = render(session, job), render(session, job)
        assert first == second, broken("the same job renders the same files")

    def test_rendering_writes_nothing(
        self, session: Session, job: Job, tmp_path: Path, fahr_home: Path
    ) -> None:
        """Files are given to the core, which writes them by its rule; nothing else is touched."""
        before = snapshot_of(tmp_path), snapshot_of(fahr_home)
        render(session, job)
        after = snapshot_of(tmp_path), snapshot_of(fahr_home)
        assert after == before, broken("rendering writes nothing")

    def test_files_stay_in_the_experiment(self, session: Session, job: Job) -> None:
        """Paths are relative to the experiment folder, stay in it, and each comes once."""
        paths = [file.path for file in _files(session, job)]
        outside = [path for path in paths if not _inside(path)]
        assert not outside, broken("rendered files stay in the experiment folder", outside)
        assert len(set(paths)) == len(paths), broken("each file is rendered once", paths)

    def test_odd_names_are_no_commands(self, session: Session, job: Job) -> None:
        """A user's name with quotes, ``$( )``, braces or a new line is text wherever it stands.

        A driver may refuse such a name with an error of fahr's.
        """
        odd = replace(job, artifact=ODD, params={ODD: ODD}, tags={"owner": ODD})
        try:
            files = _files(session, odd)
        except FahrError as error:
            pytest.skip(f"{session.train.name} refuses it: {error.message}")
        for file in files:
            if _is_script(file):
                self.check_script(file)
            else:
                raw = [line for line in file.text.splitlines() if line == "RUN touch pwned"]
                assert not raw, broken("a new line in a name starts no line of a file", file.path)
            if file.path.endswith((".json", ".ipynb")):
                json.loads(file.text)

    def check_script(self, file: RenderedFile) -> None:
        """Check that a shell takes odd names in a script for words."""
        promise = "a shell script quotes a user's names"
        try:
            words = shlex.split(file.text, comments=True)
        except ValueError as error:
            pytest.fail(broken(promise, f"{file.path}: {error}"))
        raw = {"touch", "$(touch", "`touch"} & set(words)
        assert not raw, broken(promise, file.path)
        if bash := shutil.which("bash"):
            done = subprocess.run([bash, "-n"], input=file.text, text=True, capture_output=True)
            assert done.returncode == 0, broken("a rendered script is valid", done.stderr)


def _files(session: Session, job: Job) -> tuple[RenderedFile, ...]:
    files = render(session, job).files
    if not files:
        pytest.skip(f"{session.train.name} renders no files")
    return files


def _inside(path: str) -> bool:
    parts = PurePosixPath(path)
    return bool(path) and not parts.is_absolute() and ".." not in parts.parts and "\\" not in path


def _is_script(file: RenderedFile) -> bool:
    return file.path.endswith(".sh") or file.text.startswith(("#!/bin/sh", "#!/usr/bin/env bash"))


def snapshot_of(folder: Path) -> dict[str, bytes]:
    """Give the content of every file in a folder."""
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
