"""The values that cross boundaries: frozen, and the same after a turn through JSON.

A job travels as ``Job -> Artifacts -> ImageTarget -> Image -> Request -> JobRef``; the
hooks in :mod:`fahr_core.hookspecs` say who makes which.  Times are seconds since the epoch
(UTC) as floats, sizes are bytes, durations are seconds.  Contents (code, locks, bodies) are
named by ``sha256:<hex>`` and lie in :mod:`fahr_core.store`; secrets are named, never held.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeVar

from fahr_core.errors import FahrError

__all__ = [
    "Absent",
    "Artifacts",
    "BaseImage",
    "BuildInfo",
    "Capability",
    "Code",
    "Environment",
    "FetchOptions",
    "FetchedFile",
    "Finding",
    "Found",
    "GitState",
    "Image",
    "ImageTarget",
    "Input",
    "Job",
    "JobRef",
    "JobState",
    "Lane",
    "LogLine",
    "Login",
    "NameRule",
    "Package",
    "Refused",
    "RenderedFile",
    "Request",
    "Staged",
    "State",
    "StopResult",
    "Submitted",
    "TrainInfo",
    "Unknown",
    "from_json",
    "to_json",
]

#: What JSON can hold; parameters and settings are made of it.
JSON = Any
T = TypeVar("T")


class State(StrEnum):
    """Where a job is; the same words on every driver. Only the last three are final."""

    UNLAUNCHED = "unlaunched"
    QUEUED = "queued"
    SUBMITTING = "submitting"
    SUBMITTED = "submitted"
    RUNNING = "running"
    STOPPING = "stopping"
    COMPLETE = "complete"
    FAILED = "failed"
    STOPPED = "stopped"

    @property
    def final(self) -> bool:
        """Whether a job in this state has ended for good."""
        return self in (State.COMPLETE, State.FAILED, State.STOPPED)


class Capability(StrEnum):
    """What a train driver can do; a capability it lacks is declared by its absence."""

    STOP = "stop"
    LIVE_LOGS = "live-logs"
    RESUME = "resume"
    INPUTS = "inputs"
    NODES = "nodes"
    IMAGE = "image"
    ARRAYS = "arrays"
    SECRETS = "secrets"
    TIMEOUT = "timeout"
    GPU = "gpu"
    SUPERVISED_NOTEBOOKS = "supervised-notebooks"
    REMOTE_JOBS = "remote-jobs"


@dataclass(frozen=True, slots=True, kw_only=True)
class NameRule:
    """What a service allows as a job's name.

    ``alphabet`` is the inside of a regular expression's character class, such as
    ``a-zA-Z0-9-``; ``unique`` is false where the service itself keeps versions of one name
    and no random part is wanted.
    """

    limit: int = 63
    minimum: int = 1
    alphabet: str = "a-z0-9-"
    unique: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainInfo:
    """What a train driver says of itself, without touching its service.

    ``settings`` is the place of its pydantic model, ``package.module:Class``, so that
    listing and submitting need not import pydantic.  ``poll`` is how many seconds to leave
    between two questions for a job's state.
    """

    title: str
    settings: str
    capabilities: frozenset[Capability] = frozenset()
    names: NameRule = NameRule()
    needs: tuple[str, ...] = ()
    paid: bool = False
    poll: float = 5.0
    documentation: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildInfo:
    """What a build driver says of itself."""

    title: str
    settings: str
    gpu: bool = False
    needs: tuple[str, ...] = ()
    documentation: str = ""


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
    """The snapshot of the experiment's files: a tar in the store, and what to say of it."""

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

    ``location`` is a URI of the service's, an absolute local path, or ``job:<name>``;
    ``digest`` names the content of a local path once it was counted.
    """

    name: str
    location: str
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
    settings: Mapping[str, JSON] = field(default_factory=dict)
    build_settings: Mapping[str, JSON] = field(default_factory=dict)
    params: Mapping[str, JSON] = field(default_factory=dict)
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


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseImage:
    """The image that a Dockerfile starts from, and why this one."""

    reference: str
    reason: str
    gpu: bool = False
    digest: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedFile:
    """A file for the experiment folder; ``mark`` says how fahr's mark is written into it."""

    path: str
    text: str
    executable: bool = False
    mark: str = "comment"


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifacts:
    """What a train driver renders for a job."""

    files: tuple[RenderedFile, ...] = ()
    base: BaseImage | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageTarget:
    """Where an image goes; ``repository`` None is the engine's own store."""

    repository: str | None = None
    platform: str = "linux/amd64"
    media_types: str = "docker"


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """An image by digest; ``digest`` is None in a dry run, when it is not built yet."""

    reference: str
    digest: str | None = None
    environment_digest: str | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Login:
    """Credentials for a registry; refuses to be shown or written down."""

    registry: str
    username: str
    password: str
    expires: float | None = None

    def __repr__(self) -> str:
        return f"Login(registry={self.registry!r}, ...)"

    def __reduce__(self) -> Any:
        """Refuse to be pickled.

        Raises:
            FahrError: always.
        """
        raise FahrError(f"a login for {self.registry} is never written down")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """A limit that jobs share: at most ``limit`` of them are at the service at once."""

    name: str
    limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """The exact request that a driver will send, made without asking anybody.

    ``body`` is what the service receives; ``uploads`` maps a place in the service's storage
    to the digest of what has to lie there first.
    """

    driver: str
    name: str
    remote_name: str
    run_id: str
    body: Mapping[str, JSON]
    job: Job
    uploads: Mapping[str, str] = field(default_factory=dict)
    lane: Lane | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """What was put in place before a request could be sent."""

    uploaded: int = 0
    reused: int = 0
    secrets: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRef:
    """All that is needed to find a job again: driver, the service's id, account and region."""

    driver: str
    id: str
    data: Mapping[str, JSON] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Submitted:
    """The service has the job."""

    ref: JobRef
    link: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The service has not taken the job; ``busy`` when it may take it later."""

    reason: str
    hints: tuple[str, ...] = ()
    busy: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """Nobody can say whether the service has the job."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The service has the job: a submission whose answer was lost, or one made elsewhere."""

    ref: JobRef
    link: str | None = None
    job: Job | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Absent:
    """The service certainly has no such job."""

    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobState:
    """What the service says of a job.

    ``detail`` is the service's own word, ``reason`` why it failed, ``cost`` in US dollars
    where known, ``seen`` when the service was asked.
    """

    ref: JobRef
    state: State
    detail: str | None = None
    reason: str | None = None
    attempt: int = 1
    exit_code: int | None = None
    created: float | None = None
    started: float | None = None
    ended: float | None = None
    link: str | None = None
    where: str | None = None
    cost: float | None = None
    seen: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """One line that a job printed; ``cursor`` resumes after it."""

    text: str
    time: float | None = None
    source: str = "stdout"
    cursor: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StopResult:
    """What was done to stop a job: ``stopped``, ``stopping`` or ``not-possible`` and why."""

    outcome: str
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchOptions:
    """How output is fetched: which files, and whether archives are unpacked."""

    include: tuple[str, ...] = ()
    extract: bool = True
    overwrite: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchedFile:
    """A file that was written, relative to the destination, with ``/`` between parts."""

    path: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a check before submission found; ``error`` stops it, ``warning`` is only said."""

    level: str
    subject: str
    message: str
    hints: tuple[str, ...] = ()


def to_json(value: Any) -> JSON:
    """Turn a value of this module into what :func:`json.dumps` takes.

    Raises:
        FahrError: for a :class:`Login`, at any depth.
    """
    if isinstance(value, Login):
        raise FahrError(f"a login for {value.registry} is never written down")
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: to_json(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): to_json(item) for key, item in value.items()}
    if isinstance(value, (frozenset, set)):
        return sorted(to_json(item) for item in value)
    if isinstance(value, (tuple, list)):
        return [to_json(item) for item in value]
    return value


def from_json(kind: type[T], data: JSON) -> T:
    """Make a ``kind`` of this module again from what :func:`to_json` gave.

    Unknown fields are ignored, so that an older fahr reads what a newer one wrote.

    Raises:
        FahrError: when the data do not fit, which names the field.
    """
    import msgspec

    try:
        return msgspec.convert(data, kind)
    except msgspec.ValidationError as error:
        raise FahrError(f"not a {kind.__name__}: {error}") from error


def dumps(value: Any) -> str:
    """Give the JSON text of a value of this module, the same for the same value."""
    return json.dumps(to_json(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def loads(kind: type[T], text: str) -> T:
    """Make a ``kind`` again from the text that :func:`dumps` gave."""
    return from_json(kind, json.loads(text))
