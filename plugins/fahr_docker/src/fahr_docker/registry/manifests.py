"""Manifests: what an image is made of, by digest.

Sources: "Image Manifest Version 2, Schema 2" in Distribution's documentation; the OCI image
and distribution specifications 1.1.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fahr_core.errors import ServiceError, UsageError
from fahr_core.store import digest_of
from fahr_docker.registry.exchange import Body, Broken
from fahr_docker.registry.reference import is_digest
from fahr_docker.registry.service import error_codes

if TYPE_CHECKING:
    from fahr_docker.registry.exchange import Answer
    from fahr_docker.registry.service import Service

__all__ = [
    "DOCKER_CONFIG",
    "DOCKER_LAYER",
    "DOCKER_MANIFEST",
    "Descriptor",
    "Manifest",
    "MissingBlobs",
    "delete",
    "parse_manifest",
    "read_digest",
    "read_manifest",
    "write_manifest",
]

DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_MANIFESTS = (DOCKER_MANIFEST, OCI_MANIFEST)
_INDEXES = (
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.index.v1+json",
)
_ACCEPT = ", ".join((*_MANIFESTS, *_INDEXES))
_DIGEST_HEADER = "docker-content-digest"


class MissingBlobs(ServiceError):  # noqa: N818 - reads as the fact that it states
    """The registry does not have everything that a manifest names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Descriptor:
    """A content that a manifest names; ``size`` in bytes."""

    media_type: str
    digest: str
    size: int
    urls: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """One image's manifest; ``content`` is its text, to the byte."""

    media_type: str
    content: bytes
    config: Descriptor
    layers: tuple[Descriptor, ...]

    @property
    def digest(self) -> str:
        """The digest by which a registry knows it."""
        return digest_of(self.content)


def read_digest(service: Service, target: str) -> str | None:
    """Give the digest behind a tag or digest by one HEAD, None when there is nothing.

    Raises:
        AccessError: the registry refuses the login or the access.
        ServiceError: it does not answer.
    """
    answer = service.request("HEAD", _url(service, target), headers={"Accept": _ACCEPT})
    if answer.status == 404:
        return None
    if answer.status != 200:
        raise service.failure(answer, f"cannot look {target} up")
    told = answer.headers.get(_DIGEST_HEADER, "")
    if is_digest(target) and told in ("", target):
        return target
    if is_digest(told) and not is_digest(target):
        return told
    found = _get(service, target)  # a registry that does not say the digest
    return digest_of(found.body) if found else None


def read_manifest(service: Service, target: str, platform: str) -> Manifest | None:
    """Give a manifest by tag or digest, of an index the one for ``platform``.

    Raises:
        AccessError: the registry refuses the login or the access.
        ServiceError: it does not answer, or not with what the digest says.
        UsageError: there is no image for the platform, or it is too old a kind.
    """
    answer = _get(service, target)
    if answer is None:
        return None
    media_type = _media_type(answer)
    if media_type in _INDEXES:
        digest = _choose(service, target, answer.body, platform)
        if (answer := _get(service, digest)) is None:
            raise ServiceError(f"{service.name}: {target} names {digest}, which is not there")
        media_type = _media_type(answer)
    return parse_manifest(answer.body, media_type, f"{service.name}:{target}")


def parse_manifest(content: bytes, media_type: str, name: str) -> Manifest:
    """Read the text of a manifest; ``name`` is what messages call it.

    Raises:
        ServiceError: it is damaged.
        UsageError: it is of a kind that is not used here.
    """
    if media_type not in _MANIFESTS:
        raise UsageError(
            f"{name} is no image that can be used here ({media_type or 'of no kind'})",
            "build and push it again with a current engine",
        )
    try:
        told = json.loads(content)
        return Manifest(
            media_type=media_type,
            content=content,
            config=_descriptor(told["config"]),
            layers=tuple(_descriptor(layer) for layer in told["layers"]),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise ServiceError(f"the manifest of {name} is damaged") from error


def write_manifest(service: Service, target: str, content: bytes, media_type: str) -> str:
    """Store a manifest under a tag or digest; give its digest, which the registry confirmed.

    Raises:
        AccessError: the registry refuses the login or the access.
        MissingBlobs: the registry lacks something that the manifest names.
        ServiceError: it does not answer, or stored something else.
    """

    def put() -> str:
        return service.patiently(lambda: _put_once(service, target, content, media_type))

    try:
        return put()
    except MissingBlobs as missing:
        # Distribution writes a blob's link in place: while somebody stores the same blob, a
        # reader finds an empty link for a moment, and the registry takes the blob for lost.
        service.pause(1, Broken(missing.message))
        return put()


def delete(service: Service, target: str) -> bool:
    """Delete a tag, or a manifest with all its tags by its digest; false when it is not there.

    Raises:
        AccessError: the registry refuses the login or the access.
        ServiceError: it does not answer.
        UsageError: the registry does not delete.
    """
    answer = service.request("DELETE", _url(service, target), access="delete")
    if answer.status == 404:
        return False
    if answer.status in (400, 405):
        raise UsageError(f"{service.registry} does not delete {service.repository}:{target}")
    if answer.status not in (200, 202, 204):
        raise service.failure(answer, f"cannot delete {target}")
    return True


def _url(service: Service, target: str) -> str:
    return service.url(f"manifests/{target}")


def _get(service: Service, target: str) -> Answer | None:
    return service.patiently(lambda: _get_once(service, target))


def _get_once(service: Service, target: str) -> Answer | None:
    answer = service.once("GET", _url(service, target), "pull", {"Accept": _ACCEPT})
    if answer.status == 404:
        return None
    if answer.status != 200:
        raise service.failure(answer, f"cannot read the manifest {target}")
    told = target if is_digest(target) else answer.headers.get(_DIGEST_HEADER)
    if told and told != digest_of(answer.body):
        raise Broken(f"{service.name}: the manifest {target} came damaged")
    return answer


def _put_once(service: Service, target: str, content: bytes, media_type: str) -> str:
    digest = digest_of(content)
    headers = {"Content-Type": media_type}
    answer = service.once("PUT", _url(service, target), "push", headers, Body.of(content))
    codes = set(error_codes(answer))
    if {"MANIFEST_BLOB_UNKNOWN", "BLOB_UNKNOWN"} & codes:
        raise MissingBlobs(f"{service.name}: the registry lost layers that {target} is made of")
    told = answer.headers.get(_DIGEST_HEADER)
    if answer.status != 201 or not told:
        # In a repository whose tags cannot change, somebody may have been quicker with the same.
        told = read_digest(service, target)
    if answer.status == 201 and told != digest:  # a tag on something damaged: put it right
        raise Broken(f"{service.name}: {target} was stored as {told}, not as {digest}")
    if told != digest:
        failure = service.failure(answer, f"cannot store the manifest {target}")
        raise Broken(failure.message) if "MANIFEST_INVALID" in codes else failure
    return digest


def _media_type(answer: Answer) -> str:
    """Give the kind of a manifest, by its own word where it has one."""
    try:
        told = json.loads(answer.body)
        own = told.get("mediaType")
    except (ValueError, AttributeError):
        own = None
    return str(own or answer.headers.get("content-type", "").partition(";")[0].strip())


def _descriptor(told: Any) -> Descriptor:
    if not is_digest(told["digest"]):
        raise ValueError("no SHA-256 digest")
    return Descriptor(
        media_type=str(told["mediaType"]),
        digest=told["digest"],
        size=int(told["size"]),
        urls=tuple(told.get("urls") or ()),
    )


def _choose(service: Service, target: str, content: bytes, platform: str) -> str:
    """Choose the manifest for a platform out of an index, and give its digest."""
    try:
        listed = [
            (_platform(entry.get("platform") or {}), _descriptor(entry).digest)
            for entry in json.loads(content)["manifests"]
        ]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ServiceError(f"the index of {service.name}:{target} is damaged") from error
    for name, digest in listed:
        if name == platform or name.startswith(f"{platform}/"):
            return digest
    known = sorted({name for name, _ in listed if not name.startswith("unknown")})
    raise UsageError(
        f"{service.name}:{target} has no image for {platform} (only {', '.join(known) or 'none'})"
    )


def _platform(told: dict[str, Any]) -> str:
    parts = (told.get("os"), told.get("architecture"), told.get("variant"))
    return "/".join(str(part) for part in parts if part)
