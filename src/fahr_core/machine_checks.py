"""What of this machine fahr depends on, looked at: the record, the disk, Python, variables."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from fahr_core.durations import size
from fahr_core.errors import FahrError
from fahr_core.leftovers import sweep, unfinished
from fahr_core.paths import home_folder, user_settings_file
from fahr_core.settings.layers import table_name

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping, Sequence

    from fahr_core.experiment import Experiment

__all__ = [
    "Check",
    "Level",
    "check_home",
    "check_installation",
    "check_ledger",
    "check_programs",
    "check_settings_files",
    "check_variables",
]

Level = Literal["ok", "skip", "FIX", "WARN"]
_LITTLE = 2e9  # bytes
_SENDING = 3600.0  # seconds
#: Variables that are read outside of the settings, and the beginnings of others.
_READ = ("FAHR_DEBUG", "FAHR_HOME")
_OF_JOBS = ("FAHR_JOB_", "FAHR_TEST_")
_INSIDE = (
    "FAHR_CHECKPOINT_DIR",
    "FAHR_EXECUTION_ENVIRONMENT",
    "FAHR_INPUT_DIR",
    "FAHR_OUTPUT_DIR",
    "FAHR_PARAMS",
    "FAHR_RUNTIME",
)


@dataclass(frozen=True, slots=True)
class Check:
    """What was found: ``ok``, ``skip`` (not needed here), ``WARN``, or ``FIX``.

    ``FIX`` is said only of what this folder's jobs need; ``hints`` are lines to paste.
    """

    level: Level
    text: str
    hints: tuple[str, ...] = ()


def check_installation() -> Check:
    """Say which fahr this is, who installed it and where it runs."""
    import platform

    from fahr_core.version import VERSION

    python = "{}.{}.{}".format(*sys.version_info[:3])
    where = f"{platform.system()} {platform.release()} {platform.machine()}"
    return Check("ok", f"fahr {VERSION}, Python {python}, {_installer()}, {where}")


def check_settings_files(folder: Path) -> Iterator[Check]:
    """Name the settings files that are read for a folder.

    Raises:
        SettingsError: one cannot be read.
    """
    from fahr_core.settings.layers import read_layers

    origins = [layer.origin for layer in read_layers(folder)]
    files = [origin for origin in origins if not origin.startswith("FAHR_")]
    for origin in files:
        yield Check("ok", f"settings {origin}")
    if not files:
        yield Check("ok", f"settings: none yet ({user_settings_file()}, fahr.toml)")


def check_home() -> Check:
    """See whether fahr's folder can be written and how much room there is."""
    home = home_folder()
    try:
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=home, prefix=unfinished()) as file:
            file.write(b"x")
            file.flush()
        free = shutil.disk_usage(home).free
    except OSError as error:
        return Check(
            "FIX",
            f"{home} cannot be written: {error.strerror or error}",
            ("export FAHR_HOME=...    moves it to a folder that can",),
        )
    jobs = _size_of(home / "jobs")
    text = f"{home}: writable, {size(free)} free, jobs take {size(jobs)}"
    return Check("WARN" if free < _LITTLE else "ok", text)


def check_ledger() -> Iterator[Check]:
    """See whether the record of jobs can be read; remove what dead commands and jobs have left."""
    from fahr_core.ledger import Ledger

    try:
        ledger = Ledger.at_home()
        _, count = ledger.listing(limit=1)
        alive = {record.run_id for record in ledger.active()}
    except FahrError as error:
        yield Check("FIX", error.message, tuple(error.hints))
        return
    yield Check("ok", f"ledger: {_jobs(count)}")
    if swept := sweep(ledger):
        yield Check("ok", f"removed what {swept} killed command{'' if swept == 1 else 's'} left")
    if removed := _forget_secrets(alive):
        yield Check("ok", f"removed the secrets of {_jobs(removed)} that ended")


def check_variables(
    names: Iterable[str], known: Mapping[str, Sequence[str] | None]
) -> Iterator[Check]:
    """Find variables that look like fahr's and that nothing reads.

    Args:
        names: The names of the environment's variables.
        known: The settings' keys by driver, ``""`` for the core's; None of a driver that
            cannot say them.
    """
    from fahr_core.names import did_you_mean

    read = [*_READ, *_variables(known)]
    silent = tuple(_beginning(driver) for driver, keys in known.items() if keys is None)
    for name in sorted(names):
        if not name.startswith("FAHR_") or name in (*read, *_INSIDE):
            continue
        if name.startswith((*_OF_JOBS, *silent)):
            continue
        plain = {variable.replace("__", "_"): variable for variable in read}
        guess = plain.get(name.replace("__", "_")) or did_you_mean(name, read)
        yield Check("WARN", f"{name} is read by nothing{f': {guess}' if guess else ''}")


def check_programs(experiment: Experiment | None) -> Iterator[Check]:
    """See which Python, uv and papermill local jobs get."""
    from fahr_core.environment.interpreters import minor_of, path_python

    python = path_python()
    minor = minor_of(python) if python else None
    if python and minor:
        yield Check("ok", f"python {minor} on PATH: {python}")
    else:
        yield Check("WARN", "no python on PATH; a job without environment file needs one")
    uv = shutil.which("uv")
    if uv:
        yield Check("ok", f"uv makes the environments: {uv}")
    else:
        yield Check("skip", "uv is not on PATH; venv and pip make the environments, slower")
    yield _papermill(experiment)


def _papermill(experiment: Experiment | None) -> Check:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return Check("ok", f"papermill {version('papermill')} runs notebooks")
    except PackageNotFoundError:
        told = "papermill is not installed; the first notebook's job installs it beside fahr"
        is_notebook = experiment is not None and experiment.kind == "notebook"
        return Check("WARN" if is_notebook else "skip", told)


def _forget_secrets(alive: Container[str]) -> int:
    """Remove what only local jobs may read that are not alive, and count the jobs."""
    from fahr_core.local.folder import JobFolder

    # A job that is being sent right now has its secrets before it is recorded as sent.
    before = time.time() - _SENDING
    jobs = home_folder() / "jobs"
    left = [*jobs.glob("*/secrets.json"), *jobs.glob("*/environment.json")]
    old = {path.parent for path in left if _written(path) < before}
    dead = [folder for folder in old if folder.name not in alive]
    for folder in dead:
        JobFolder(folder).forget_secrets()
    return len(dead)


def _written(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return time.time()  # its job has just read and removed it


def _jobs(count: int) -> str:
    return f"{count} job{'' if count == 1 else 's'}"


def _installer() -> str:
    if f"{os.sep}uv{os.sep}tools{os.sep}" in sys.prefix:
        return "uv tool"
    if f"{os.sep}pipx{os.sep}" in sys.prefix:
        return "pipx"
    kind = "virtual environment" if sys.prefix != sys.base_prefix else "Python"
    return f"{kind} {sys.prefix}"


def _size_of(folder: Path) -> int:
    total = 0
    for parent, _, files in os.walk(folder):
        for name in files:
            total += _file_size(Path(parent, name))
    return total


def _file_size(path: Path) -> int:
    try:
        return path.lstat().st_size
    except OSError:
        return 0  # a job has removed it meanwhile


def _variables(known: Mapping[str, Sequence[str] | None]) -> Iterator[str]:
    for driver, keys in known.items():
        for key in keys or ():
            yield _beginning(driver) + key.upper()
            if not driver and key.startswith("output_"):
                yield f"FAHR_OUTPUT__{key.removeprefix('output_')}".upper()


def _beginning(driver: str) -> str:
    return f"FAHR_{table_name(driver)}__".upper() if driver else "FAHR_"
