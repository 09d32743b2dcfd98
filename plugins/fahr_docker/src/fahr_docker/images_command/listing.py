"""``fahr images ls``: the images that fahr made, those used last first."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from fahr_core.cli import console
from fahr_core.cli.work import open_with_local_states
from fahr_core.durations import size
from fahr_docker.images_command.rows import document, print_images
from fahr_docker.kept_images.choosing import Choice
from fahr_docker.kept_images.places import opened_places
from fahr_docker.kept_images.uses import read_uses

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fahr_docker.kept_images.image import KeptImage

__all__ = ["list_images"]


def list_images(repositories: Sequence[str], *, as_json: bool) -> None:
    """Print the images of the engine's store, or of repositories where some are named.

    Raises:
        FahrError: as :func:`~fahr_docker.kept_images.places.opened_places`.
    """
    ledger = open_with_local_states()
    with opened_places(ledger, read_uses(ledger), repositories) as places:
        images = sorted((image for place in places for image in place.images), key=_order)
        freed = sum(place.frees(Choice(removed=tuple(place.images))) for place in places)
    if as_json:
        console.out_json([document(image) for image in images])
        return
    if not images:
        console.note("no images of fahr's here")
        return
    print_images(images, piped=not sys.stdout.isatty())
    count = f"{len(images)} image{'' if len(images) == 1 else 's'}"
    console.note(f"{count}, up to {size(freed)} that nothing else has: fahr images prune")


def _order(image: KeptImage) -> tuple[float, str]:
    return -max(image.used or 0.0, image.created or 0.0), image.name
