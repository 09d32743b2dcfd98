"""What every train driver promises, tried on the stand-in for Kaggle."""

from __future__ import annotations

from itertools import count

import pytest

from fahr_core.models import FetchOptions, State
from fahr_core.testing import DriverContract
from fahr_core.testing.fixtures import no_progress
from fahr_core.testing.scripts import NOTHING, STOPPABLE


class TestKaggle(DriverContract):
    """The driver keeps its promises."""

    driver = "kaggle"
    # The stand-in is this process.
    service_outlives_process = True

    @pytest.fixture(autouse=True)
    def service(self, fahr_home, kaggle):
        """Let every test talk to the stand-in."""

    @pytest.fixture
    def experiment(self, tmp_path):
        """Give a function that writes an experiment whose kernel is its own."""
        numbers = count(1)

        def make(source, name="train.py"):
            folder = tmp_path / f"digits-{next(numbers)}"
            folder.mkdir()
            (folder / "fahr.toml").write_text(f'[kaggle]\nslug = "{folder.name}-train"\n')
            (folder / name).write_text(source, "utf-8")
            return folder / name

        return make

    @pytest.fixture
    def refused_request(self, prepare):
        """Give a request for a machine that Kaggle does not have."""
        from dataclasses import replace

        request = prepare(NOTHING)
        push = {**request.body["push"], "machineShape": "Abacus"}
        return replace(request, body={**request.body, "push": push})

    def test_the_script_is_asked_to_end(self, session, send, ready, ended):
        """Kaggle ends a session without a word to it: a script has no time to save."""
        ref = send(STOPPABLE)
        ready(ref)
        self.stop(session, ref)
        assert ended(ref).state is State.STOPPED

    def test_no_output_is_no_error(self, session, send, ended, tmp_path):
        """A job that wrote nothing leaves its record and its log."""
        ref = send(NOTHING)
        ended(ref)
        destination = tmp_path / "output"
        destination.mkdir()
        files = session.fetch_output(ref, destination, FetchOptions(), no_progress)
        assert {file.path for file in files} == {"fahr-job.json", "fahr-job.log"}
