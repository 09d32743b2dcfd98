"""What a local job needs before it starts, and what it leaves."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fahr_core import snapshot
from fahr_core.description import describe_job
from fahr_core.errors import DiskError, FahrError
from fahr_core.local import environments
from fahr_core.local.folder import JobFolder, write_whole
from fahr_core.local.jobs import job_folder
from fahr_core.models import FetchedFile, Staged

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fahr_core.hookspecs import Progress
    from fahr_core.models import FetchOptions, Job, Request

__all__ = ["copy_output", "stage"]


def stage(request: Request, secrets: Mapping[str, str], progress: Progress) -> Staged:
    """Make the environment, unpack the code and write the job description.

    Raises:
        DiskError: the disk is full or the folder cannot be written.
        EnvironmentFileError: the environment cannot be made.
    """
    job = request.job
    environment = environments.prepare(
        job.environment, notebook=job.kind == "notebook", progress=progress
    )
    interpreters = {"python": str(environment.python)}
    if environment.papermill_python:
        interpreters["papermill_python"] = str(environment.papermill_python)
    folder = job_folder(request.run_id)
    try:
        _fill(folder, job, request.body, interpreters, secrets)
    except OSError as error:
        shutil.rmtree(folder.path, ignore_errors=True)
        raise DiskError(
            f"cannot write to {folder.path}: {error.strerror or error}", "nothing was started"
        ) from error
    except BaseException:
        shutil.rmtree(folder.path, ignore_errors=True)
        raise
    return Staged(secrets=tuple(secrets))


def _fill(
    folder: JobFolder,
    job: Job,
    body: Mapping[str, Any],
    interpreters: Mapping[str, str],
    secrets: Mapping[str, str],
) -> None:
    shutil.rmtree(folder.path, ignore_errors=True)  # what a killed attempt has left
    folder.inputs.mkdir(parents=True)
    snapshot.extract(job.code.digest, folder.work)
    for item in job.inputs:
        (folder.inputs / item.name).symlink_to(_local_path(item.location))
    # Taken here and not at the start: a job that waits is started by another process.
    variables = {**os.environ, **body["environment"]}
    write_whole(folder.environment, json.dumps(variables), mode=0o600)
    if secrets:
        write_whole(folder.secrets, json.dumps(dict(secrets)), mode=0o600)
    description = describe_job(
        job,
        inputs={item.name: str(folder.inputs / item.name) for item in job.inputs},
        grace=body["grace"],
        enforce_timeout=True,
        log="jsonl",
    )
    description["interpreters"] = dict(interpreters)
    write_whole(folder.description, json.dumps(description))


def _local_path(location: str) -> Path:
    if "://" in location:
        raise FahrError(
            f"the local driver cannot read {location}",
            "download it, then: fahr fit --input NAME=./FOLDER",
        )
    return Path(location)


def copy_output(
    folder: JobFolder, destination: Path, options: FetchOptions, progress: Progress
) -> list[FetchedFile]:
    """Copy the wanted files of a job's output and list them.

    Raises:
        DiskError: the disk is full or the destination cannot be written.
        FahrError: the job's folder is gone.
        UsageError: the options mean none of the files.
    """
    from fahr_core.transfer import chosen

    if not folder.path.is_dir():
        raise FahrError(f"the job's folder is gone: {folder.path}")
    there = [path for path in sorted(folder.output.rglob("*")) if not path.is_dir()]
    names = [path.relative_to(folder.output).as_posix() for path in there]
    fetched = []
    for name in chosen(names, options.include):
        path = folder.output / name
        size = path.lstat().st_size
        progress(name, done=0, total=size)
        _copy(path, destination / name)
        progress(name, done=size, total=size)
        fetched.append(FetchedFile(path=name, size=size))
    return fetched


def _copy(source: Path, target: Path) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target, follow_symlinks=False)
    except OSError as error:
        raise DiskError(f"cannot write {target}: {error.strerror or error}") from error
