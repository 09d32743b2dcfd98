"""The names of images: ``registry/repository:tag@digest``, as the Docker engine reads them.

Source: the grammar in "reference", Distribution's documentation.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

from fahr_core.errors import UsageError

__all__ = ["Reference", "base_url", "check_repository", "is_digest", "is_tag", "parse_reference"]

DOCKER_HUB = "docker.io"
_HUB_NAMES = ("docker.io", "index.docker.io", "registry-1.docker.io")
_HUB_SERVER = "registry-1.docker.io"
_LONGEST_NAME = 255

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_HOST = re.compile(rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9A-Fa-f:]+\])(?::[0-9]{{1,5}})?", re.ASCII)
_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REPOSITORY = re.compile(rf"{_PART}(?:/{_PART})*", re.ASCII)
_TAG = re.compile(r"\w[\w.-]{0,127}", re.ASCII)
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A parsed name; ``str()`` of it gives it whole."""

    registry: str
    repository: str
    tag: str | None = None
    digest: str | None = None

    @property
    def name(self) -> str:
        """Registry and repository, without tag and digest."""
        return f"{self.registry}/{self.repository}"

    @property
    def target(self) -> str:
        """What a registry is asked for: the digest, else the tag, else ``latest``."""
        return self.digest or self.tag or "latest"

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        return f"{self.name}{tag}" + (f"@{self.digest}" if self.digest else "")


def parse_reference(text: str) -> Reference:
    """Take the name of an image apart; ``python:3.12`` is one of Docker Hub's library.

    Raises:
        UsageError: it is not a name that an engine would take.
    """
    name, at, digest = text.partition("@")
    name, tag = _split_tag(name)
    registry, repository = _split_registry(name)
    correct = (
        _HOST.fullmatch(registry)
        and _REPOSITORY.fullmatch(repository)
        and len(f"{registry}/{repository}") <= _LONGEST_NAME
        and (tag is None or is_tag(tag))
        and (not at or is_digest(digest))
    )
    if not correct:
        raise UsageError(f"{_shown(text)} is not the name of an image", "e.g. HOST/team/name:tag")
    return Reference(registry=registry, repository=repository, tag=tag, digest=digest or None)


def is_tag(text: str) -> bool:
    """Tell whether a text can be a tag."""
    return _TAG.fullmatch(text) is not None


def is_digest(text: str) -> bool:
    """Tell whether a text is a SHA-256 digest, the only kind that is used here."""
    return _DIGEST.fullmatch(text) is not None


def check_repository(repository: str) -> str:
    """Give a repository's name back.

    Raises:
        UsageError: it is not one.
    """
    if not _REPOSITORY.fullmatch(repository):
        raise UsageError(f"{repository!r} is not the name of a repository", "e.g. team/name")
    return repository


def base_url(registry: str) -> str:
    """Give the address of a registry's server; plain http is for this machine alone.

    Args:
        registry: Its host, or an address that is taken as it is.

    Raises:
        UsageError: it is no host, or plain http would leave this machine.
    """
    scheme, _, host = registry.rpartition("://")
    host = host.rstrip("/")
    if not _HOST.fullmatch(host) or scheme not in ("", "http", "https"):
        told = _shown(registry)
        raise UsageError(f"{told} is not the host of a registry", "e.g. HOST or HOST:5000")
    if scheme == "http" and not is_loopback(host):
        raise UsageError(f"{registry}: plain http would show the password to the network")
    if host in _HUB_NAMES:
        host = _HUB_SERVER
    return f"{scheme or ('http' if is_loopback(host) else 'https')}://{host}"


def is_same_registry(one: str, other: str) -> bool:
    """Tell whether two texts, hosts or addresses, mean one registry."""
    return _host_of(one) == _host_of(other)


def is_loopback(host: str) -> bool:
    """Tell whether a host, with or without a port, is this machine."""
    name = re.sub(r":[0-9]+$", "", host).strip("[]").lower()
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _shown(text: str) -> str:
    """Quote a text, without the password that an address may hold."""
    return repr(re.sub(r"[^/@]*:[^/@]*@(?!sha256:)", "...@", text))


def _host_of(text: str) -> str:
    host = text.rpartition("://")[2].partition("/")[0].lower()
    return DOCKER_HUB if host in _HUB_NAMES else host


def _split_tag(name: str) -> tuple[str, str | None]:
    start, colon, end = name.rpartition(":")
    # A colon before a slash, or in front of a lone host, starts a port.
    return (start, end) if colon and "/" not in end else (name, None)


def _split_registry(name: str) -> tuple[str, str]:
    first, slash, rest = name.partition("/")
    if slash and (set(".:") & set(first) or first == "localhost" or first != first.lower()):
        hub = first.lower() in _HUB_NAMES
        registry, repository = (DOCKER_HUB, rest) if hub else (first, rest)
    else:
        registry, repository = DOCKER_HUB, name
    if registry == DOCKER_HUB and "/" not in repository:
        repository = f"library/{repository}"
    return registry, repository
