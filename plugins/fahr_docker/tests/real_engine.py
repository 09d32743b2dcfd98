"""The engine of this machine: what lies in its images, and what they do when they run."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from fahr_core.errors import FahrError
from fahr_docker.engine.finding import find_engine
from real_registry import REQUIRED

if TYPE_CHECKING:
    from fahr_docker.engine.local import Engine

#: What `.ci/engine` makes: the bases that the tests build on.
BASES = (
    "python:3.11-slim-bookworm",
    "nvidia/cuda:12.4.1-base-ubuntu22.04",
    "nvidia/cuda:12.4.1-cudnn-runtime-ubuntu22.04",
)


def need_engine() -> Engine:
    """Give the engine; skip visibly where none answers, or fail where nothing may be skipped."""
    try:
        engine = find_engine()
    except FahrError as error:
        _do_without(f"{error.message}; .ci/engine brings one")
    for base in BASES:
        if engine.find(base) is None:
            _do_without(f"the engine has no {base}; .ci/engine makes it")
    return engine


def _do_without(reason: str) -> NoReturn:
    if REQUIRED:
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@dataclass(frozen=True)
class Ran:
    """How a container ended, and what it printed."""

    status: int
    output: str


def run(engine: Engine, image: str, artifact: str = "train.py", **job: Any) -> Ran:
    """Run an image as a train driver does, with a job description in a variable."""
    document = json.dumps({"name": "exp-1", "artifact": artifact, "run_script": "run.sh", **job})
    container = engine.client.containers.run(
        image, detach=True, environment={"FAHR_JOB_0": document}
    )
    try:
        status = container.wait()["StatusCode"]
        return Ran(status, container.logs().decode("utf-8", "replace"))
    finally:
        container.remove(force=True)


def files_of(engine: Engine, image: str, top: str = "/") -> dict[str, tuple[Any, ...]]:
    """Give kind, mode, owner and content of every file of an image below a folder."""
    api = engine.client.api
    made = api.create_container(image, command=["nothing"])["Id"]
    try:
        stream = api.export(made) if top == "/" else api.get_archive(made, top)[0]
        archive = io.BytesIO(b"".join(stream))
    finally:
        api.remove_container(made, force=True)
    # Made by the engine for each container, and not the image's.
    own = {"etc/hosts", "etc/hostname", "etc/resolv.conf", "etc/mtab", ".dockerenv", "dev/console"}
    with tarfile.open(fileobj=archive, errors="surrogateescape") as tar:
        return {member.name: _told(tar, member) for member in tar if member.name not in own}


def _told(tar: tarfile.TarFile, member: tarfile.TarInfo) -> tuple[Any, ...]:
    content = ""
    if member.isfile() and (stream := tar.extractfile(member)):
        content = hashlib.sha256(stream.read()).hexdigest()
    return member.type, oct(member.mode & 0o7777), member.uid, member.gid, member.linkname, content


def config_of(engine: Engine, image: str) -> dict[str, Any]:
    """Give what an image does: variables, entry point, command, folder, user."""
    config = engine.client.api.inspect_image(image)["Config"]
    names = ("Env", "Entrypoint", "Cmd", "WorkingDir", "User", "ExposedPorts", "Volumes")
    return {name: config.get(name) or None for name in names}
