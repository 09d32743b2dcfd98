"""What drivers say of themselves and find before a job is sent."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["BuildInfo", "Capability", "Finding", "NameRule", "TrainInfo"]


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
    REMOTE_LIST = "remote-list"


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
    between two questions for a job's state.  ``platform`` is uv's name for where jobs run,
    such as ``x86_64-unknown-linux-gnu``; None means a machine like this one, or the platform
    of the image's target.  ``gpu_settings`` are keys of the driver's settings, each with a
    regular expression: a value that fits as a whole names a machine with a GPU, which takes
    the build driver for GPUs.  ``file_settings`` is the place ``package.module:function`` of a
    function that reads what the service's own files beside the artifact say: it takes the
    experiment folder and gives, by each file's name, settings of the driver, which hold where
    nobody says anything else and are shown by ``fahr config``.
    """

    title: str
    settings: str
    capabilities: frozenset[Capability] = frozenset()
    names: NameRule = NameRule()
    needs: tuple[str, ...] = ()
    paid: bool = False
    poll: float = 5.0
    platform: str | None = None
    gpu_settings: tuple[tuple[str, str], ...] = ()
    file_settings: str = ""
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
class Finding:
    """What a check before submission found; ``error`` stops it, ``warning`` is only said.

    Of what is well (``ok``) the subject is named, and of the subject ``machine`` the message
    told: what will be paid for. ``retry`` marks an error of the service or the network, after
    which the same may work later.
    """

    level: str
    subject: str
    message: str
    hints: tuple[str, ...] = ()
    retry: bool = False
