"""Which hooks belong to which kind of driver, and which of them it has to implement."""

from __future__ import annotations

from fahr_core import hookspecs
from fahr_core.models import Capability

__all__ = ["ROLE_HOOKS", "hooks_of", "required_hooks"]


def hooks_of(namespace: type) -> frozenset[str]:
    """Give the names of the hooks that a namespace specifies."""
    return frozenset(name for name in vars(namespace) if not name.startswith("_"))


_SHARED = hooks_of(hookspecs.SharedHooks)
#: Which hooks a driver of each role may implement.
ROLE_HOOKS: dict[str, frozenset[str]] = {
    "train": hooks_of(hookspecs.TrainHooks) - {"amend_job"} | _SHARED,
    "build": hooks_of(hookspecs.BuildHooks) | _SHARED,
}
#: Hooks that a driver implements where it has something to do there.
_OPTIONAL = {"unstage_request"}
#: Hooks that only a driver with the capability has to implement.
_BY_CAPABILITY = {
    "find_job": Capability.REMOTE_JOBS,
    "list_jobs": Capability.REMOTE_LIST,
    "stop_job": Capability.STOP,
    "image_target": Capability.IMAGE,
    "registry_login": Capability.IMAGE,
}


def required_hooks(role: str, capabilities: frozenset[Capability] = frozenset()) -> frozenset[str]:
    """Give the hooks that a driver must implement, by its declared capabilities."""
    spared = {hook for hook, needed in _BY_CAPABILITY.items() if needed not in capabilities}
    return ROLE_HOOKS[role] - _SHARED - _OPTIONAL - spared
