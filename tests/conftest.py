"""What every test gets: a home of its own, and a way to wait for what takes a moment."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

import platformdirs
import psutil
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Answer = TypeVar("Answer")

# Found before the home moves: packages that were downloaded once serve every test.
DOWNLOADS = {
    "UV_CACHE_DIR": str(Path.home() / ".cache" / "uv"),
    "PIP_CACHE_DIR": platformdirs.user_cache_dir("pip", appauthor=False),
} | {name: os.environ[name] for name in ("UV_CACHE_DIR", "PIP_CACHE_DIR") if name in os.environ}

# A caller's taste in output, and folders that would be preferred to the home's.
FOREIGN = ("CI", "COLUMNS", "FORCE_COLOR", "JPY_PARENT_PID", "LINES", "NO_COLOR")
FOREIGN_PREFIXES = ("FAHR_", "XDG_")


@pytest.fixture(autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Give the test an empty home and FAHR_HOME, and end the processes that it leaves there."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        for name in filter(is_foreign, list(os.environ)):
            patch.delenv(name)
        for name, folder in DOWNLOADS.items():
            patch.setenv(name, folder)
        patch.setenv("HOME", str(home))
        patch.setenv("USERPROFILE", str(home))
        patch.setenv("FAHR_HOME", str(home / "fahr"))
        yield home
    if (home / "fahr").exists():
        end_processes_of(home)


def is_foreign(name: str) -> bool:
    """Tell whether a variable of the caller would change what a test sees."""
    told = name.startswith("FAHR_TEST_")  # what a test is told on purpose
    return not told and (name in FOREIGN or name.startswith(FOREIGN_PREFIXES))


def end_processes_of(home: Path) -> None:
    """Kill what was started with this home: a detached job outlives its test by design."""
    left = [process for process in psutil.process_iter() if home_of(process) == str(home)]
    for process in left:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
    psutil.wait_procs(left, timeout=10)


def home_of(process: psutil.Process) -> str | None:
    """Give the HOME that a process was started with, None when that cannot be seen."""
    try:
        return process.environ().get("HOME")
    except (psutil.Error, OSError):
        return None


class Eventually(Protocol):
    """The type of the fixture ``eventually``."""

    def __call__(self, predicate: Callable[[], Answer], timeout: float = 30) -> Answer:
        """Poll until the answer is true and give it; fail after `timeout` seconds."""


@pytest.fixture
def eventually() -> Eventually:
    """Give a function that polls a predicate until its answer is true, and gives that."""
    return wait_until


def wait_until(predicate: Callable[[], Answer], timeout: float = 30) -> Answer:
    deadline = time.monotonic() + timeout
    while not (answer := predicate()):
        if time.monotonic() > deadline:
            pytest.fail(f"{predicate!r} still gives {answer!r} after {timeout:g} s")
        time.sleep(0.02)
    return answer
