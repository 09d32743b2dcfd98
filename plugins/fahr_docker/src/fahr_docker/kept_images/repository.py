"""The images that fahr made in a repository of a registry."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from fahr_core.errors import UsageError
from fahr_core.side_by_side import side_by_side
from fahr_docker import environment_cache as cache
from fahr_docker.kept_images.image import (
    KeptImage,
    Layer,
    experiment_of,
    is_fahrs_tag,
    kind_of,
)
from fahr_docker.kept_images.stored import with_uses_above
from fahr_docker.registry import Registry, parse_reference

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fahr_core.models import Login
    from fahr_docker.kept_images.uses import Uses

__all__ = ["bytes_of", "open_repository", "remove", "repository_images"]

_AT_ONCE = 8  # requests


def open_repository(name: str, login: Login | None) -> Registry:
    """Open a repository by its name, ``HOST/REPOSITORY``.

    Raises:
        UsageError: it is no such name.
    """
    reference = parse_reference(name)
    if reference.tag or reference.digest:
        raise UsageError(f"{name} is an image; a repository is meant", reference.name)
    asked = (lambda: login) if login else None
    return Registry(reference.registry, reference.repository, asked)


def repository_images(registry: Registry, uses: Uses) -> list[KeptImage]:
    """Give fahr's images in a repository, with the jobs that use them.

    Raises:
        AccessError: the registry refuses the login.
        ServiceError: it does not answer.
    """
    tags = registry.tags()
    own = [tag for tag in tags if is_fahrs_tag(tag)]
    others = [tag for tag in tags if tag not in own]
    read = side_by_side(lambda tag: _read(registry, tag, uses), own, _AT_ONCE)
    named = dict(zip(others, side_by_side(registry.head_manifest, others, _AT_ONCE), strict=True))
    found = [image for image in read if image]
    kept = [_whole(images, named) for images in _by_digest(found).values()]
    return [_with_mine_above(with_uses_above(image, kept), kept) for image in kept]


def bytes_of(removed: Sequence[KeptImage], kept: Sequence[KeptImage]) -> int:
    """Give the bytes of the layers that only the removed images have."""
    staying = {layer.digest for image in kept for layer in image.layers}
    gone = {layer.digest: layer.size or 0 for image in removed for layer in image.layers}
    return sum(size for digest, size in gone.items() if digest not in staying)


def remove(registry: Registry, image: KeptImage) -> str | None:
    """Delete an image; gives None, or why it stays.

    Raises:
        AccessError: the registry refuses the login.
        ServiceError: it does not answer.
        UsageError: the registry does not delete.
    """
    if any(registry.head_manifest(tag) not in (image.digest, None) for tag in image.tags):
        return "its tag names another image by now"
    registry.delete(image.digest)
    for tag in image.tags:
        cache.forget_digest(registry.name, tag)
    return None


def _read(registry: Registry, tag: str, uses: Uses) -> KeptImage | None:
    """Read what lies behind a tag; None when it is gone, or not of fahr's making."""
    with suppress(UsageError):  # an index, or too old a kind: none of fahr's
        manifest = registry.get_manifest(tag)
        if manifest is None:
            return None
        told = json.loads(registry.read_blob(manifest.config.digest))
        kind = kind_of((told.get("config") or {}).get("Labels") or {})
        if kind is None:
            return None
        layers = tuple(Layer(digest=one.digest, size=one.size) for one in manifest.layers)
        found = uses.of([manifest.digest, f"{registry.name}:{tag}"])
        used_here = bool(found) or cache.remembered_digest(registry.name, tag) is not None
        return KeptImage(
            kind=kind,
            repository=registry.name,
            digest=manifest.digest,
            tags=(tag,),
            size=sum(layer.size or 0 for layer in layers),
            layers=layers,
            created=_time(told.get("created")) if kind == "env" else None,
            experiment=experiment_of((), found),
            mine=used_here,
            uses=found,
        )
    return None


def _by_digest(images: Sequence[KeptImage]) -> dict[str, list[KeptImage]]:
    together: dict[str, list[KeptImage]] = {}
    for image in images:
        together.setdefault(image.digest, []).append(image)
    return together


def _whole(images: Sequence[KeptImage], named: dict[str, str | None]) -> KeptImage:
    """Make one image of those that differ in their tags alone."""
    first = images[0]
    return replace(
        first,
        tags=tuple(sorted(tag for image in images for tag in image.tags)),
        others=tuple(tag for tag, digest in named.items() if digest == first.digest),
        mine=any(image.mine for image in images),
        uses=max((image.uses for image in images), key=len),
    )


def _with_mine_above(image: KeptImage, kept: Sequence[KeptImage]) -> KeptImage:
    """Count an environment as this machine's own when an image of code on it is."""
    above = image.kind == "env" and any(one.mine for one in kept if one.is_built_on(image))
    return replace(image, mine=image.mine or above)


def _time(text: object) -> float | None:
    try:
        return datetime.fromisoformat(str(text)).timestamp()
    except ValueError:
        return None
