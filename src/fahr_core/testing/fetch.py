"""The fetch contract: what a job wrote comes home whole, and nothing goes elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from fahr_core.models import FetchOptions
from fahr_core.testing.fixtures import DriverFixtures, no_progress
from fahr_core.testing.promises import broken, within
from fahr_core.testing.render import snapshot_of
from fahr_core.testing.scripts import FAILING, NOTHING, WRITING, WRITTEN

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from fahr_core.models import JobRef, JobState
    from fahr_core.session import Session

__all__ = ["FetchContract"]

Fetch = "Callable[..., dict[str, bytes]]"


class FetchContract(DriverFixtures):
    """The files of a job's output are written into the folder that is asked for, and listed."""

    @pytest.fixture
    def fetch(
        self,
        session: Session,
        send: Callable[..., JobRef],
        ended: Callable[[JobRef], JobState],
        tmp_path: Path,
    ) -> Callable[..., dict[str, bytes]]:
        """Give a function that runs a script, fetches its output and gives what came."""

        def run(source: str, **options: object) -> dict[str, bytes]:
            ref = send(source)
            ended(ref)
            around = tmp_path / "around"
            destination = around / "output"
            destination.mkdir(parents=True)
            (around / "mine.txt").write_text("mine")
            fetched = within(
                self.wait_timeout,
                "fetching comes to an end",
                lambda: session.fetch_output(
                    ref,
                    destination,
                    FetchOptions(**options),  # type: ignore[arg-type]
                    no_progress,
                ),
            )
            there = {
                path.relative_to(destination).as_posix(): path.read_bytes()
                for path in destination.rglob("*")
                if path.is_file()
            }
            listed = {file.path: file.size for file in fetched}
            sizes = {path: len(content) for path, content in there.items()}
            assert listed == sizes, broken("what was fetched is listed, with its size", listed)
            outside = set(snapshot_of(around)) - set(snapshot_of(destination))
            mine = {str(around / "mine.txt")}
            assert outside == mine, broken("nothing is written outside of the folder", outside)
            return there

        return run

    def test_every_file_comes_as_it_was(self, fetch: Callable[..., dict[str, bytes]]) -> None:
        """Files in the job's folder and in ``FAHR_OUTPUT_DIR`` come: nested, empty, odd names."""
        files = fetch(WRITING)
        missing = (set(WRITTEN) | {"placed.txt"}) - set(files)
        assert not missing, broken("every file that the job wrote comes", missing)
        for path, content in WRITTEN.items():
            assert files[path] == content, broken("a file comes as it was written", path)

    def test_only_what_is_asked_for_comes(self, fetch: Callable[..., dict[str, bytes]]) -> None:
        """``include`` holds patterns; what fits none of them stays there."""
        files = set(fetch(WRITING, include=("metrics/*", "*.bin")))
        wanted = {"model.bin", *(path for path in WRITTEN if path.startswith("metrics/"))}
        assert files == wanted, broken("only what fits a pattern comes", files ^ wanted)

    def test_no_output_is_no_error(self, fetch: Callable[..., dict[str, bytes]]) -> None:
        """A job that wrote nothing is fetched without error; its record may be all there is."""
        files = set(fetch(NOTHING)) - {"fahr-job.json"}
        assert not files, broken("a job that wrote nothing has no output", files)

    def test_a_failed_job_gives_what_it_has(self, fetch: Callable[..., dict[str, bytes]]) -> None:
        """What was written before a failure can be fetched."""
        files = fetch(FAILING)
        half = files.get("partial.txt")
        assert half == b"half of it", broken("a failed job's output can be fetched", set(files))
