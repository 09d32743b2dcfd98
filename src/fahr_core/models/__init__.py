"""The values that cross boundaries: frozen, and the same after a turn through JSON.

A job travels as ``Job -> Artifacts -> ImageTarget -> Image -> Request -> JobRef``; the
hooks in :mod:`fahr_core.hookspecs` say who makes which.  Times are seconds since the epoch
(UTC) as floats, sizes are bytes, durations are seconds.  Contents (code, locks, bodies) are
named by ``sha256:<hex>`` and lie in :mod:`fahr_core.store`; secrets are named, never held.

Each name is imported from its file when it is first asked for: making a data class takes
about a millisecond, and no command needs them all.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fahr_core.models.codec import dumps, from_json, loads, to_json
    from fahr_core.models.drivers import BuildInfo, Capability, Finding, NameRule, TrainInfo
    from fahr_core.models.image import Artifacts, BaseImage, Image, ImageTarget, Login, RenderedFile
    from fahr_core.models.job import Code, Environment, GitState, Input, Job, Package
    from fahr_core.models.output import FetchedFile, FetchOptions
    from fahr_core.models.request import (
        Absent,
        Found,
        Lane,
        Refused,
        RemoteJob,
        Request,
        Staged,
        Submitted,
        Unknown,
    )
    from fahr_core.models.states import JobRef, JobState, LogLine, State, StopResult

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
    "RemoteJob",
    "RenderedFile",
    "Request",
    "Staged",
    "State",
    "StopResult",
    "Submitted",
    "TrainInfo",
    "Unknown",
    "dumps",
    "from_json",
    "loads",
    "to_json",
]

_PLACES = {
    "dumps": "codec",
    "from_json": "codec",
    "loads": "codec",
    "to_json": "codec",
    "BuildInfo": "drivers",
    "Capability": "drivers",
    "Finding": "drivers",
    "NameRule": "drivers",
    "TrainInfo": "drivers",
    "Artifacts": "image",
    "BaseImage": "image",
    "Image": "image",
    "ImageTarget": "image",
    "Login": "image",
    "RenderedFile": "image",
    "Code": "job",
    "Environment": "job",
    "GitState": "job",
    "Input": "job",
    "Job": "job",
    "Package": "job",
    "FetchOptions": "output",
    "FetchedFile": "output",
    "Absent": "request",
    "Found": "request",
    "Lane": "request",
    "Refused": "request",
    "RemoteJob": "request",
    "Request": "request",
    "Staged": "request",
    "Submitted": "request",
    "Unknown": "request",
    "JobRef": "states",
    "JobState": "states",
    "LogLine": "states",
    "State": "states",
    "StopResult": "states",
}


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
