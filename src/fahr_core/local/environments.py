"""The virtual environments of local jobs: made once from a lock, shared by content.

``FAHR_HOME/environments/<key>/`` holds one environment.  A virtual environment cannot be
moved, so it is made where it stays, under a file lock, and a marker is written last: what
has no marker was never finished and is made again.
"""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fahr_core import store
from fahr_core.environment.interpreters import venv_python
from fahr_core.errors import DiskError, EnvironmentFileError
from fahr_core.paths import home_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from fahr_core.hookspecs import Progress
    from fahr_core.models import Environment

__all__ = ["LocalEnvironment", "prepare"]

_READY = ".fahr-ready"


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalEnvironment:
    """What starts a local job.

    ``papermill_python`` runs a notebook from outside of the job's environment; ``folder`` is
    the virtual environment, None where the job runs by the Python on PATH.
    """

    python: Path
    papermill_python: Path | None = None
    folder: Path | None = None


def prepare(
    environment: Environment, *, notebook: bool, progress: Progress | None = None
) -> LocalEnvironment:
    """Give the environment of a local job, made first where it is not there yet.

    Raises:
        EnvironmentFileError: it cannot be made, with the installer's reason.
        ServiceError: the package index cannot be reached.
        DiskError: the disk is full or fahr's folder cannot be written.
    """
    if environment.kind == "none":
        from fahr_core.local.path_python import path_environment

        made = path_environment(environment.python, notebook=notebook, progress=progress)
    else:
        made = _locked(environment, notebook=notebook, progress=progress)
    if not notebook:
        return made
    from fahr_core.local.papermill import papermill_python

    return LocalEnvironment(
        python=made.python, folder=made.folder, papermill_python=papermill_python(progress)
    )


def _locked(
    environment: Environment, *, notebook: bool, progress: Progress | None
) -> LocalEnvironment:
    digest = (environment.lock or "").removeprefix("sha256:")
    key = f"{digest[:32]}-{environment.python}{'-notebook' if notebook else ''}"

    def build(folder: Path) -> None:
        from fahr_core.local.building import build_locked

        body = store.read(environment.lock or "").decode()
        build_locked(body, environment, folder, notebook=notebook, progress=progress)

    folder = kept(key, build)
    return LocalEnvironment(python=folder_python(folder), folder=folder)


def kept(key: str, build: Callable[[Path], None]) -> Path:
    """Give the environment ``key``; ``build`` makes it when it is not there or not whole.

    Raises:
        DiskError: fahr's folder cannot be written.
        FahrError: whatever ``build`` raises; nothing is left of its work.
    """
    folder = home_folder() / "environments" / key
    if _whole(folder):
        return folder
    with _alone(folder):
        if not _whole(folder):  # another process may have made it while this one waited
            _build(folder, build)
    return folder


def remove_unfinished(before: float) -> int:
    """Remove what killed builders have left since before a time, and count it.

    What somebody is building is locked, and what is whole has its marker.
    """
    if not (folders := _unfinished(before)):
        return 0
    from filelock import Timeout

    removed = 0
    for folder in folders:
        try:
            with _alone(folder, patience=0):
                if not (folder / _READY).exists():
                    shutil.rmtree(folder)
                    removed += 1
        except (DiskError, OSError, Timeout):
            continue  # somebody is building it, or the disk is what is wrong
    return removed


def _unfinished(before: float) -> list[Path]:
    parent = home_folder() / "environments"
    try:
        folders = [folder for folder in parent.iterdir() if not (folder / _READY).exists()]
        return [folder for folder in folders if folder.lstat().st_mtime < before]
    except OSError:
        return []


def folder_python(folder: Path) -> Path:
    """Give the Python of a virtual environment, or of conda's kind."""
    python = venv_python(folder)
    return folder / "python.exe" if os.name == "nt" and not python.exists() else python


def _whole(folder: Path) -> bool:
    # The Python that it was made from may have gone, which leaves a dangling link.
    return (folder / _READY).exists() and folder_python(folder).exists()


@contextmanager
def _alone(folder: Path, patience: float = -1) -> Iterator[None]:
    from filelock import FileLock

    path = home_folder() / "locks" / f"environment-{folder.name}.lock"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        folder.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path)
        lock.acquire(timeout=patience)
    except OSError as error:
        raise DiskError(f"cannot write to {home_folder()}: {error.strerror or error}") from error
    try:
        yield
    finally:
        lock.release()


def _build(folder: Path, build: Callable[[Path], None]) -> None:
    _wipe(folder)
    try:
        build(folder)
        (folder / _READY).touch()
    except OSError as error:
        _wipe(folder)
        raise DiskError(f"cannot write to {folder}: {error.strerror or error}") from error
    except BaseException:
        _wipe(folder)
        raise


def _wipe(folder: Path) -> None:
    (folder / _READY).unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)
    if folder.exists():
        raise EnvironmentFileError(f"cannot remove the unfinished environment {folder}")
