"""The images that fahr made in the engine's store."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from fahr_docker.kept_images.image import (
    KeptImage,
    Layer,
    experiment_of,
    is_fahrs_tag,
    kind_of,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from fahr_docker.engine.local import Engine, StoredImage
    from fahr_docker.kept_images.uses import Uses

__all__ = ["only_theirs", "remove", "stored_images", "with_uses_above"]


def stored_images(
    stored: Sequence[StoredImage], uses: Uses, held: Collection[str] = ()
) -> list[KeptImage]:
    """Give fahr's images out of all that a store holds, with the jobs that use them.

    Args:
        stored: All images of the store.
        uses: What the recorded jobs run.
        held: Ids of images that containers were made from.
    """
    found = [_kept(image, kind, uses) for image in stored if (kind := _kind(image))]
    kept = [replace(image, held=image.digest in held) for image in found]
    return [with_uses_above(image, kept) for image in kept]


def only_theirs(removed: Sequence[KeptImage], stored: Sequence[StoredImage]) -> int:
    """Give the bytes of a store that go with some of its images, as far as sizes tell.

    An image shares its lowest layers with others. What it adds is its size less that of the
    largest image below it; that goes when no image stays which has it too.
    """
    gone = {image.digest for image in removed if not image.others}
    freed, counted = 0, set[tuple[str, ...]]()
    for image in stored:
        if image.id not in gone or image.layers in counted:
            continue
        counted.add(image.layers)
        above = [one for one in stored if _begins(one.layers, image.layers)]
        if all(one.id in gone for one in above):
            below = [one for one in stored if _begins(image.layers, one.layers)]
            shorter = [one.size for one in below if len(one.layers) < len(image.layers)]
            freed += image.size - max(shorter, default=0)
    return freed


def remove(engine: Engine, image: KeptImage) -> str | None:
    """Take fahr's names off an image; gives None, or why the engine keeps it.

    Raises:
        ServiceError: the engine does not answer.
    """
    kept = [why for tag in image.tags if (why := engine.untag(tag))]
    return kept[0] if kept else None


def _kind(image: StoredImage) -> str | None:
    return kind_of(image.labels) if any(map(is_fahrs_tag, image.tags)) else None


def _kept(image: StoredImage, kind: str, uses: Uses) -> KeptImage:
    tags = tuple(sorted(filter(is_fahrs_tag, image.tags), key=lambda tag: (len(tag), tag)))
    digests = [name.rpartition("@")[2] for name in image.digests]
    found = uses.of([image.id, *image.tags, *digests])
    return KeptImage(
        kind=kind,
        repository=None,
        digest=image.id,
        tags=tags,
        others=tuple(tag for tag in image.tags if not is_fahrs_tag(tag)),
        size=image.size,
        layers=tuple(Layer(digest=digest) for digest in image.layers),
        created=image.created,
        experiment=experiment_of(tags, found),
        mine=True,
        uses=found,
    )


def with_uses_above(image: KeptImage, kept: Sequence[KeptImage]) -> KeptImage:
    """Count for an environment the jobs that run an image of code on it."""
    if image.kind != "env":
        return image
    above = [one for one in kept if one.is_built_on(image)]
    jobs = {use.job: use for one in (image, *above) for use in one.uses}
    uses = tuple(jobs.values())
    known = experiment_of((), uses) or next((one.experiment for one in above), None)
    return replace(image, uses=uses, experiment=known)


def _begins(layers: tuple[str, ...], first: tuple[str, ...]) -> bool:
    return layers[: len(first)] == first
