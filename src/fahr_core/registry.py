"""Which drivers and extensions there are: listed by entry point, importing none of them.

A driver is loaded only when it is chosen, so that a slow or broken plugin costs and hurts
nobody else.  A train driver may also be a path to a ``.py`` file.
"""

from __future__ import annotations

import hashlib
import importlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from fahr_core.declared import GROUPS, Listed, Role, declared
from fahr_core.errors import DriverError

if TYPE_CHECKING:
    from types import ModuleType

__all__ = ["GROUPS", "Listed", "Role", "find", "installed", "load", "shadowed"]

#: Names of the first fahr that stay.
_OLD_NAMES = {"default-cpu": "local-cpu", "default-gpu": "local-gpu"}

#: What we publish, and the extra of fahr-core that brings it.
_PUBLISHED: dict[Role, dict[str, str]] = {
    "train": {name: name for name in ("docker", "sagemaker", "kaggle", "gcp")},
    "build": {"local-cpu": "docker", "local-gpu": "docker"},
    "extension": {},
}


def installed(role: Role) -> list[Listed]:
    """List the installed drivers of a role by name, each name once."""
    unique: dict[str, Listed] = {}
    for entry in _entries(role):
        unique.setdefault(entry.name, entry)
    return sorted(unique.values(), key=lambda entry: entry.name)


def shadowed(role: Role) -> list[tuple[Listed, Listed]]:
    """List the pairs of different distributions that claim one name: the used, the hidden."""
    used: dict[str, Listed] = {}
    pairs = []
    for entry in _entries(role):
        first = used.setdefault(entry.name, entry)
        if first is not entry:
            pairs.append((first, entry))
    return pairs


def find(role: Role, name: str) -> Listed:
    """Find a driver by name, or a train driver by the path of its file.

    The built-in ``local`` is found without a scan of what is installed.

    Raises:
        DriverError: no such driver, with the line that installs it or a did-you-mean.
    """
    if role == "train" and (name.endswith(".py") or os.sep in name or "/" in name):
        return _from_path(name)
    if role == "build":
        name = _OLD_NAMES.get(name, name)
    if role == "train" and name == "local":
        return _built_in_local()
    for entry in installed(role):
        if entry.name == name:
            return entry
    raise _not_installed(role, name)


def load(listed: Listed) -> object:
    """Import a driver and give the module or instance that holds its hooks.

    Raises:
        DriverError: it cannot be imported, or what it names is missing or a class.
    """
    try:
        if listed.path:
            return _import_file(Path(listed.path), listed.digest or "")
        module, _, attribute = listed.target.partition(":")
        plugin: object = importlib.import_module(module)
        for part in filter(None, attribute.split(".")):
            plugin = getattr(plugin, part)
    except (Exception, SystemExit) as error:
        raise broken(listed, f"{type(error).__name__}: {error}") from error
    if isinstance(plugin, type):
        raise broken(listed, f"{listed.target} is a class; name a module or an instance")
    return plugin


def broken(listed: Listed, cause: str) -> DriverError:
    """Make the error that names a driver's distribution, version and what is wrong."""
    kind = "extension" if listed.role == "extension" else f"{listed.role} driver"
    return DriverError(
        f'{kind} "{listed.name}" ({listed.origin}) is broken: {cause}',
        "fahr drivers    lists what is installed",
    )


def install_line(extra: str, package: str | None = None) -> str:
    """Give the command that adds an extra, by the tool that installed fahr.

    Its package is one of ours, ``fahr-<extra>``, unless another is named.
    """
    if f"{os.sep}uv{os.sep}tools{os.sep}" in sys.prefix:
        return f'uv tool install "fahr-core[{extra}]"'
    if f"{os.sep}pipx{os.sep}" in sys.prefix:
        return f"pipx inject fahr-core {package or f'fahr-{extra}'}"
    return f'python -m pip install "fahr-core[{extra}]"'


def _entries(role: Role) -> list[Listed]:
    own = [_built_in_local()] if role == "train" else []
    others = declared(role)
    return own + [one for one in others if (one.name, one.distribution) != ("local", "fahr-core")]


def _built_in_local() -> Listed:
    from fahr_core.version import VERSION

    return Listed(
        name="local",
        role="train",
        target="fahr_core.local.driver",
        distribution="fahr-core",
        version=VERSION,
    )


def _from_path(name: str) -> Listed:
    path = Path(os.path.abspath(Path(name).expanduser()))  # noqa: PTH100 - links stay
    try:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
    except (OSError, ValueError) as error:
        raise _unreadable(name, path, error) from error
    return Listed(
        name=path.stem.replace("_", "-"),
        role="train",
        target=path.stem,
        distribution="a file",
        version=digest[:12],
        path=str(path),
        digest=f"sha256:{digest}",
    )


def _unreadable(name: str, path: Path, error: Exception) -> DriverError:
    """Make the error of a driver's file that is not there, or is none; a near name is offered."""
    from fahr_core.names import did_you_mean, shown

    what = f"the train driver {shown(name)}"
    installed_too = "fahr drivers    lists those that are installed"
    if path.is_dir():
        return DriverError(f"{what} is a folder: name the .py file in it", installed_too)
    if not isinstance(error, FileNotFoundError):
        cause = getattr(error, "strerror", None) or error
        return DriverError(f"{what} cannot be read: {cause}", installed_too)
    if not path.parent.is_dir():
        return DriverError(f"{what} does not exist: there is no folder {path.parent}")
    near = did_you_mean(path.name, [file.name for file in path.parent.glob("*.py")])
    beginning = name[: len(name) - len(path.name)]  # "./" stays
    guess = f"; did you mean {beginning}{near}?" if near else ""
    return DriverError(f"{what} does not exist{guess}", installed_too)


def _import_file(path: Path, digest: str) -> ModuleType:
    from types import ModuleType

    place = hashlib.sha256(os.fsencode(path)).hexdigest()
    name = f"fahr_driver_{path.stem}_{digest[-12:]}{place[:6]}"
    if name in sys.modules:
        return sys.modules[name]
    module = ModuleType(name)
    module.__file__ = str(path)
    sys.modules[name] = module
    # So that a driver may be split over files beside it, also those that it imports later;
    # at the end, so that they hide nothing.
    if str(path.parent) not in sys.path:
        sys.path.append(str(path.parent))
    try:
        # Not by the loader: its bytecode cache takes a file that was edited within a second,
        # and has the size it had, for the old one.
        exec(compile(path.read_bytes(), path, "exec"), module.__dict__)  # noqa: S102 - asked for
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _not_installed(role: Role, name: str) -> DriverError:
    from fahr_core.names import did_you_mean

    kind = "extension" if role == "extension" else f"{role} driver"
    names = [entry.name for entry in installed(role)]
    there = ", ".join(names) or "none"
    if extra := _PUBLISHED[role].get(name):
        return DriverError(
            f'{kind} "{name}" is not installed (installed: {there})', install_line(extra)
        )
    guess = did_you_mean(name, [*names, *_PUBLISHED[role]])
    question = f"; did you mean {guess}?" if guess else f" (installed: {there})"
    return DriverError(f'no {kind} "{name}"{question}')
