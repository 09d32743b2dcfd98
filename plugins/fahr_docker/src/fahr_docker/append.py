"""The code put on an environment's image, in the registry and over HTTP: no engine is needed.

An image of the same code on the same environment has the same tag, ``code-<hash>``: one HEAD
finds it.  Otherwise the layer and a configuration are stored, and then the manifest that names
them together with the environment's layers, so that a tag is there with all that it needs or
not at all.  It is always the environment that is added to, never an earlier code image: what
was deleted since would come back.
"""

from __future__ import annotations

import hashlib
import json
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fahr_core.errors import ServiceError
from fahr_docker import environment_cache as cache
from fahr_docker.image_config import ConfigChanges, changed_config, docker_layers
from fahr_docker.layer import packed
from fahr_docker.registry import Blob, MissingBlobs
from fahr_docker.registry.manifests import DOCKER_CONFIG, DOCKER_LAYER, DOCKER_MANIFEST
from fahr_docker.registry.reference import is_digest

if TYPE_CHECKING:
    from collections.abc import Callable

    from fahr_docker.environment_cache import EnvironmentImage
    from fahr_docker.layer import Layer
    from fahr_docker.registry import Registry

__all__ = ["CodeImage", "ConfigChanges", "append_code", "code_tag"]

#: Raised when the same parts make another image than before.
_FORMAT = 1
_TAG_DIGITS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeImage:
    """An image of code on an environment; ``stored`` says whether it had to be made."""

    tag: str
    digest: str
    environment_digest: str
    stored: bool


def append_code(
    registry: Registry,
    environment: str,
    layer: Layer,
    changes: ConfigChanges,
    *,
    platform: str = "linux/amd64",
    sent: Callable[[int, int], None] | None = None,
) -> CodeImage:
    """Put a layer on an environment's image and give the image by its digest.

    Args:
        registry: The repository that holds the environment, and will hold the code.
        environment: Its image by digest or tag.  A tag ``env-...`` names a content: it is
            looked up once on this machine, and again when that image has gone.
        layer: The code.
        changes: What the image does with it.
        platform: Which image of an index is meant.
        sent: Is told how many bytes of the layer, of how many, have arrived.

    Raises:
        AccessError: the registry refuses the login or the access.
        DiskError: a file cannot be read, or the cache's disk is full.
        ServiceError: the registry does not answer, or the environment is not in it.
        UsageError: the environment's image is of a kind that nothing can be put on.
    """
    appending = _Appending(registry, layer, changes, platform, sent)
    remembered = cache.remembered_digest(registry.name, environment)
    if remembered:
        try:
            return appending.run(remembered)
        except (MissingBlobs, _Gone):
            cache.forget_digest(registry.name, environment)
    digest = environment if is_digest(environment) else registry.head_manifest(environment)
    if digest is None:
        raise _gone(registry, environment)
    image = appending.run(digest)
    cache.remember_digest(registry.name, environment, digest)
    return image


def code_tag(environment_digest: str, layer: Layer, changes: ConfigChanges, platform: str) -> str:
    """Give the tag that names a code on an environment; it tells nothing of either."""
    config = [changes.entrypoint, changes.cmd, changes.workdir, changes.user]
    named = [list(changes.env.items()), list(changes.labels.items())]
    parts = [_FORMAT, environment_digest, layer.diff_id, platform, config, named]
    text = json.dumps(parts, separators=(",", ":"))
    return "code-" + hashlib.sha256(text.encode()).hexdigest()[:_TAG_DIGITS]


class _Gone(ServiceError):  # noqa: N818 - reads as the fact that it states
    """The environment's image is not in the registry."""


@dataclass(frozen=True, slots=True)
class _Appending:
    registry: Registry
    layer: Layer
    changes: ConfigChanges
    platform: str
    sent: Callable[[int, int], None] | None

    def run(self, environment_digest: str) -> CodeImage:
        tag = code_tag(environment_digest, self.layer, self.changes, self.platform)
        digest = self.registry.head_manifest(tag)
        stored = digest is None
        if digest is None:
            digest = self._store(tag, self._environment(environment_digest))
        return CodeImage(
            tag=tag, digest=digest, environment_digest=environment_digest, stored=stored
        )

    def _environment(self, digest: str) -> EnvironmentImage:
        if known := cache.read_environment(digest, self.platform):
            return known
        manifest = self.registry.get_manifest(digest, self.platform)
        if manifest is None:
            raise _gone(self.registry, digest)
        image = cache.EnvironmentImage(
            manifest=manifest, config=self.registry.read_blob(manifest.config.digest)
        )
        cache.write_environment(digest, self.platform, image)
        return image

    def _store(self, tag: str, environment: EnvironmentImage) -> str:
        name = f"{self.registry.name}@{environment.manifest.digest}"
        layers = docker_layers(environment.manifest, name)
        config = changed_config(environment, self.layer.diff_id, self.changes, self.platform, name)
        beside = _Beside(lambda: self.registry.upload_blob(Blob.of(config)))
        with packed(self.layer) as blob:
            self.registry.upload_blob(blob, self.sent)
        beside.wait()
        layers = [*layers, _descriptor(DOCKER_LAYER, blob.digest, blob.size)]
        content = _manifest(Blob.of(config), layers)
        return self.registry.put_manifest(tag, content, DOCKER_MANIFEST)


class _Beside:
    """A step that runs while this thread does another.

    It is a daemon: who presses Ctrl-C does not wait for it.
    """

    def __init__(self, step: Callable[[], object]) -> None:
        self._error: BaseException | None = None
        self._step = step
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._step()
        except BaseException as error:  # noqa: BLE001 - raised again by wait
            self._error = error

    def wait(self) -> None:
        self._thread.join()
        if self._error is not None:
            raise self._error


def _gone(registry: Registry, target: str) -> _Gone:
    return _Gone(f"the environment's image {registry.name}:{target} is not in the registry")


def _descriptor(media_type: str, digest: str, size: int) -> dict[str, Any]:
    return {"mediaType": media_type, "size": size, "digest": digest}


def _manifest(config: Blob, layers: list[dict[str, Any]]) -> bytes:
    told = {
        "schemaVersion": 2,
        "mediaType": DOCKER_MANIFEST,
        "config": _descriptor(DOCKER_CONFIG, config.digest, config.size),
        "layers": layers,
    }
    return json.dumps(told, separators=(",", ":")).encode()
