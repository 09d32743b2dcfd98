"""From what a resolver printed to the body of a lock."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from fahr_core.environment.checks import login_in, refuse_local
from fahr_core.environment.requirements import Line, normalised
from fahr_core.environment.wanted import lock_options, user_hashes
from fahr_core.errors import EnvironmentFileError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from fahr_core.environment.wanted import Wanted

__all__ = ["body_of"]

_HASH = re.compile(r"--hash=(\S+)")
_MARKER = re.compile(r"\s;\s*(.*)$")


def body_of(printed: str, wanted: Wanted, artifact: str) -> str:
    """Give the lock's body: options, packages with hashes, and in comments those without.

    Markers are evaluated for the Python and platform asked for, so that the lock names
    exactly what is installed.

    Raises:
        EnvironmentFileError: a package exists only on this machine, or none of its files
            has a hash that the requirements file allows.
    """
    pinned, without = [], []
    allowed = user_hashes(wanted)
    markers = _marker_environment(wanted)
    for entry in _entries(printed):
        head, hashes = _read(entry)
        head = _for_target(head, markers)
        if not head:
            continue
        _refuse_place(head, wanted, artifact)
        hashes = _allowed(head, hashes, allowed, wanted)
        if hashes:
            pinned.append(head + "".join(f" \\\n    --hash={value}" for value in hashes))
        else:
            without.append(f"# unhashed: {head}")
    return "".join(f"{line}\n" for line in (*lock_options(wanted), *pinned, *without))


def _entries(printed: str) -> Iterable[str]:
    for entry in re.split(r"\n(?=\S)", printed):
        if entry.strip() and not entry.startswith(("#", "--")):
            yield entry


def _read(entry: str) -> tuple[str, list[str]]:
    head = entry.split("\\\n")[0].split("\n")[0]
    head = re.split(r"\s--hash=", head)[0].strip()
    return head, sorted(set(_HASH.findall(entry)))


def _for_target(head: str, markers: Mapping[str, str]) -> str:
    match = _MARKER.search(head)
    if not match:
        return head
    from packaging.markers import Marker

    return head[: match.start()].strip() if Marker(match[1]).evaluate(dict(markers)) else ""


def _refuse_place(head: str, wanted: Wanted, artifact: str) -> None:
    target = head.removeprefix("-e ").rpartition(" @ ")[2]
    line = Line(wanted.name, 1, head)
    if head.startswith(("-e ", ".", "/")) or " @ " in head:
        refuse_local(line, target, artifact)
    if login_in(target):
        raise EnvironmentFileError(
            f"{wanted.name}: the address of {head.partition(' @ ')[0]} has a password in it",
            "keep the login in ~/.netrc",
        )


def _allowed(
    head: str, hashes: list[str], allowed: Mapping[str, set[str]], wanted: Wanted
) -> list[str]:
    # Source: uv's "pip compile" replaces the hashes of its input by the index's.
    name = re.split(r"[\[=@\s]", head)[0]
    pins = allowed.get(normalised(name))
    if not pins:
        return hashes
    if kept := [value for value in hashes if value in pins]:
        return kept
    raise EnvironmentFileError(
        f"{wanted.name}: no file of {head} in the index has a hash that {wanted.name} allows"
    )


def _marker_environment(wanted: Wanted) -> dict[str, str]:
    from packaging.markers import default_environment

    environment = {name: str(value) for name, value in default_environment().items()}
    if environment["python_version"] != wanted.python:
        environment["python_version"] = wanted.python
        environment["python_full_version"] = f"{wanted.python}.0"
        environment["implementation_version"] = f"{wanted.python}.0"
    return environment | _platform_markers(wanted.platform)


def _platform_markers(platform: str | None) -> dict[str, str]:
    if platform is None:
        return {}
    machine = platform.partition("-")[0]
    if "windows" in platform:
        machine = {"x86_64": "AMD64", "aarch64": "ARM64"}.get(machine, machine)
        names = ("nt", "win32", "Windows")
    elif "apple" in platform or platform == "macos":
        machine = "arm64" if machine in ("aarch64", "macos") else machine
        names = ("posix", "darwin", "Darwin")
    else:
        machine = "x86_64" if machine == "linux" else machine
        names = ("posix", "linux", "Linux")
    keys = ("os_name", "sys_platform", "platform_system", "platform_machine")
    return dict(zip(keys, (*names, machine), strict=True))
