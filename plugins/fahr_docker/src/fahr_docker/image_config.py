"""An image's configuration and layers with one more layer, as Docker's own format has them.

Sources: "Image Manifest Version 2, Schema 2" in Distribution's documentation; the OCI image
specification 1.1, whose configuration is the same but for names.
"""

from __future__ import annotations

import json
from collections.abc import Mapping  # noqa: TC003 - the type of a data class's field
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fahr_core.errors import ServiceError, UsageError
from fahr_docker.registry.manifests import DOCKER_LAYER

if TYPE_CHECKING:
    from fahr_docker.environment_cache import EnvironmentImage
    from fahr_docker.registry import Descriptor, Manifest

__all__ = ["ConfigChanges", "changed_config", "docker_layers"]

#: What engines can stack; overlay2 has this limit.
MOST_LAYERS = 127
_CREATED_BY = "fahr: code"

_PLAIN = "application/vnd.docker.image.rootfs.diff.tar"
_FOREIGN = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"
_LAYERS = {
    DOCKER_LAYER: DOCKER_LAYER,
    _PLAIN: _PLAIN,
    _FOREIGN: _FOREIGN,
    "application/vnd.oci.image.layer.v1.tar+gzip": DOCKER_LAYER,
    "application/vnd.oci.image.layer.v1.tar": _PLAIN,
    "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip": _FOREIGN,
}
#: Left by builders; they say how the environment was built, not what the image is.
_BUILDERS_OWN = ("container", "container_config", "moby.buildkit.")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigChanges:
    """What an image does; None leaves what the environment's image says.

    An ``entrypoint`` without ``cmd`` takes the environment's command away, as in a Dockerfile.
    """

    entrypoint: tuple[str, ...] | None = None
    cmd: tuple[str, ...] | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    workdir: str | None = None
    user: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)


def docker_layers(manifest: Manifest, name: str) -> list[dict[str, Any]]:
    """Give the layers of an image as entries of a Docker manifest.

    Args:
        manifest: Docker's or OCI's.
        name: What messages call the image.

    Raises:
        UsageError: a layer is compressed by something that not every engine unpacks, or
            there is no room for another.
    """
    if len(manifest.layers) >= MOST_LAYERS:
        raise UsageError(f"{name} has {len(manifest.layers)} layers, and no image can have more")
    return [_docker_layer(layer, name) for layer in manifest.layers]


def changed_config(
    environment: EnvironmentImage, diff_id: str, changes: ConfigChanges, platform: str, name: str
) -> bytes:
    """Give the configuration of an environment's image with one more layer.

    The same arguments give the same bytes: the time is the environment's.

    Args:
        environment: The image that is added to.
        diff_id: The digest of the new layer's tar.
        changes: What the new image does.
        platform: What the image has to be for, ``os/architecture`` with or without variant.
        name: What messages call the environment's image.

    Raises:
        ServiceError: the environment's configuration is damaged.
        UsageError: it is for another platform.
    """
    try:
        told = json.loads(environment.config)
        diff_ids = told["rootfs"]["diff_ids"]
        if len(diff_ids) != len(environment.manifest.layers):
            raise ValueError("layers and diff ids differ in number")
        _check_platform(told, platform, name)
        kept = {key: value for key, value in told.items() if not key.startswith(_BUILDERS_OWN)}
        kept["rootfs"] = {**told["rootfs"], "diff_ids": [*diff_ids, diff_id]}
        kept["history"] = _history(told, len(diff_ids))
        kept["config"] = _changed(told.get("config") or {}, changes)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ServiceError(f"the configuration of {name} is damaged") from error
    return json.dumps(kept, separators=(",", ":")).encode()


def _docker_layer(layer: Descriptor, name: str) -> dict[str, Any]:
    media_type = _LAYERS.get(layer.media_type)
    if media_type is None:
        how = layer.media_type.rpartition("+")[2] if "+" in layer.media_type else layer.media_type
        raise UsageError(
            f"{name} has a layer that is packed as {how}, which a Docker image cannot hold",
            "build it with gzip: docker buildx build --output type=registry,compression=gzip,"
            "force-compression=true",
        )
    entry: dict[str, Any] = {
        "mediaType": media_type,
        "size": layer.size,
        "digest": layer.digest,
    }
    return entry | ({"urls": list(layer.urls)} if layer.urls else {})


def _check_platform(told: Mapping[str, Any], platform: str, name: str) -> None:
    own = f"{told.get('os', 'linux')}/{told.get('architecture', 'amd64')}"
    if "/".join(platform.split("/")[:2]) != own:
        raise UsageError(f"{name} is for {own}, not for {platform}")


def _history(told: Mapping[str, Any], layers: int) -> list[dict[str, Any]]:
    """Add our step; where steps are missing they are made up, since engines count them."""
    steps = list(told.get("history") or [])
    missing = layers - sum(not step.get("empty_layer") for step in steps)
    time = {"created": told["created"]} if "created" in told else {}
    made_up = [{**time, "created_by": "unknown"} for _ in range(missing)]
    return [*made_up, *steps, {**time, "created_by": _CREATED_BY}]


def _changed(config: Mapping[str, Any], changes: ConfigChanges) -> dict[str, Any]:
    changed = dict(config)
    changed.pop("Image", None)  # the digest of what a builder started from
    if changes.entrypoint is not None:
        changed["Entrypoint"] = list(changes.entrypoint)
        changed.pop("Cmd", None)
    if changes.cmd is not None:
        changed["Cmd"] = list(changes.cmd)
    if changes.workdir is not None:
        changed["WorkingDir"] = changes.workdir
    if changes.user is not None:
        changed["User"] = changes.user
    if changes.env:
        changed["Env"] = _variables(changed.get("Env") or [], changes.env)
    if changes.labels:
        changed["Labels"] = {**(changed.get("Labels") or {}), **changes.labels}
    return changed


def _variables(lines: list[str], new: Mapping[str, str]) -> list[str]:
    """Set variables in a list of ``NAME=value``, each in its old place."""
    variables = dict(line.partition("=")[::2] for line in lines)
    return [f"{name}={value}" for name, value in {**variables, **new}.items()]
