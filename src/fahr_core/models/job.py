"""One run of a training artifact, and what it is made of."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - read at run time by from_json
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Code", "Environment", "GitState", "Input", "Job", "Package"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """One locked package."""

    name: str
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """The environment file, resolved.

    ``kind`` is ``none``, ``requirements``, ``conda``, ``pyproject``, ``uv`` or ``script``
    (PEP 723); ``file`` is relative to the experiment; ``lock`` the digest of the lock's text
    in the store; ``platform`` uv's name for it, such as ``x86_64-unknown-linux-gnu``.
    """

    kind: str = "none"
    file: str | None = None
    lock: str | None = None
    python: str | None = None
    platform: str | None = None
    created: float | None = None
    packages: tuple[Package, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """The snapshot of the experiment's files: a tar in the store, and what to say of it.

    ``largest`` and ``left_out`` are paths with sizes; a negative size is "more than".
    """

    digest: str
    files: int
    size: int
    largest: tuple[tuple[str, int], ...] = ()
    left_out: tuple[tuple[str, int], ...] = ()
    run_script: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GitState:
    """The commit that the experiment stood at, and whether files differed from it."""

    commit: str
    branch: str | None
    dirty: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """Something the job reads under ``FAHR_INPUT_DIR/<name>``.

    ``location`` is a URI of the service's, an absolute local path, or ``job:<name>`` before
    that job's output was looked up; ``job`` is the job whose output it is; ``digest`` names
    the content of a local path once it was counted.
    """

    name: str
    location: str
    job: str | None = None
    digest: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One submitted run of a training artifact, whole and independent of this machine.

    ``settings`` are the train driver's validated settings as JSON, ``build_settings`` the
    build driver's.  ``gpu`` is None (none asked for), ``any`` or a service's type.
    ``drawn_at`` is when number, run id and remote name were drawn.
    """

    name: str
    run_id: str
    remote_name: str
    experiment: str
    artifact: str
    kind: str
    train_driver: str
    code: Code
    environment: Environment
    schema: int = 1
    driver_path: str | None = None
    driver_digest: str | None = None
    build_driver: str | None = None
    train_image: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    build_settings: Mapping[str, Any] = field(default_factory=dict)
    params: Mapping[str, Any] = field(default_factory=dict)
    inputs: tuple[Input, ...] = ()
    secrets: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    gpu: str | None = None
    timeout: float | None = None
    nodes: int = 1
    launch: str = "auto"
    output_exclude: tuple[str, ...] = ()
    git: GitState | None = None
    drawn_at: float = 0.0
