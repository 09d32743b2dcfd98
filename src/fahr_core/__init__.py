"""fahr: send a training script or notebook off, bring the trained model home.

In a script or a notebook cell::

    from fahr_core import fit

    job = fit("train.py", params={"batch_size": 256})
    job.wait()
    job.fetch()

Everything here is loaded when it is first used; importing the package costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fahr_core.api import JobHandle, find_job, fit, list_jobs
    from fahr_core.errors import (
        AccessError,
        ArtifactError,
        DiskError,
        DriverError,
        EnvironmentFileError,
        FahrError,
        JobFailed,
        NotFinished,
        OverwriteError,
        ParameterError,
        ServiceError,
        SettingsError,
        UnknownJob,
        UsageError,
    )
    from fahr_core.hookspecs import SPEC_VERSION, Progress, hookimpl
    from fahr_core.models import Capability, State
    from fahr_core.version import VERSION as __version__  # noqa: N811 - the customary name

__all__ = [
    "SPEC_VERSION",
    "AccessError",
    "ArtifactError",
    "Capability",
    "DiskError",
    "DriverError",
    "EnvironmentFileError",
    "FahrError",
    "JobFailed",
    "JobHandle",
    "NotFinished",
    "OverwriteError",
    "ParameterError",
    "Progress",
    "ServiceError",
    "SettingsError",
    "State",
    "UnknownJob",
    "UsageError",
    "__version__",
    "find_job",
    "fit",
    "hookimpl",
    "list_jobs",
]

_PLACES = {
    "api": ("JobHandle", "find_job", "fit", "list_jobs"),
    "hookspecs": ("SPEC_VERSION", "Progress", "hookimpl"),
    "models": ("Capability", "State"),
}


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name == "__version__":
        return import_module("fahr_core.version").VERSION
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    for module, names in _PLACES.items():
        if name in names:
            return getattr(import_module(f"fahr_core.{module}"), name)
    return getattr(import_module("fahr_core.errors"), name)
