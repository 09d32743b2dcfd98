"""What reads a job in a driver's tests: its log in a thread, its output into a folder."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from fahr_core.models import FetchOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from fahr_core.models import FetchedFile, LogLine

PATIENCE = 60  # seconds


class Follower(threading.Thread):
    """Follows a job's log in a thread."""

    def __init__(self, follow: Callable[[], Iterable[LogLine]]) -> None:
        """Take what opens the log, and begin."""
        super().__init__(daemon=True)
        self.lines: list[str] = []
        self.failure: Exception | None = None
        self._follow = follow
        self.start()

    def run(self) -> None:
        """Read to the end."""
        try:
            for line in self._follow():
                self.lines.append(line.text)
        except Exception as error:  # noqa: BLE001 - the test looks at it
            self.failure = error

    def wait_for(self, text: str) -> None:
        """Wait until a line has come."""
        until = time.monotonic() + PATIENCE
        while text not in self.lines:
            assert time.monotonic() < until, (text, self.lines)
            assert self.failure is None, self.failure
            time.sleep(0.01)

    def ended(self) -> list[str]:
        """Wait for the end; give all lines."""
        self.join(PATIENCE)
        assert not self.is_alive()
        if self.failure:
            raise self.failure
        return self.lines


class Fetch:
    """Fetches into a folder and sees that what is told is what is there."""

    def __init__(self, folder: Path, fetch: Callable[..., list[FetchedFile]]) -> None:
        """Take an empty folder, and what fetches as the hook does, but for the job."""
        self.around, self.folder = folder, folder / "output"
        self.folder.mkdir()
        self._fetch = fetch
        self.told: list[tuple[str, str]] = []

    def __call__(self, *job: object, **options: object) -> dict[str, bytes]:
        """Fetch; give the files by their paths."""
        wanted = FetchOptions(**options)  # type: ignore[arg-type]
        return self._seen(self._fetch(self.folder, wanted, self.progress, *job))

    def progress(
        self, stage: str, text: str = "", done: int | None = None, total: int | None = None
    ) -> None:
        """Note what is told."""
        self.told.append((stage, text))

    @property
    def left_out(self) -> list[str]:
        """Give why objects were left out."""
        return [text for stage, text in self.told if stage == "left out"]

    def _seen(self, files: list[FetchedFile]) -> dict[str, bytes]:
        there = {
            path.relative_to(self.folder).as_posix(): path.read_bytes()
            for path in self.folder.rglob("*")
            if path.is_file()
        }
        assert {file.path: file.size for file in files} == {p: len(c) for p, c in there.items()}
        assert [path.name for path in self.around.iterdir()] == ["output"]
        return there
