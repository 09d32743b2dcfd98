"""``fahr images prune``: remove what fahr made and no job needs, by age and use."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fahr_core.cli import asking, console
from fahr_core.cli.work import open_with_local_states
from fahr_core.durations import size
from fahr_core.errors import UsageError
from fahr_docker.images_command.rows import document, print_images
from fahr_docker.kept_images.choosing import Wanted, choose
from fahr_docker.kept_images.places import opened_places
from fahr_docker.kept_images.uses import read_uses

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fahr_docker.kept_images.choosing import Choice
    from fahr_docker.kept_images.image import KeptImage
    from fahr_docker.kept_images.places import Place

__all__ = ["Wanted", "prune_images"]

#: So many kept images are told one by one.
_SHOWN = 5


def prune_images(
    repositories: Sequence[str], wanted: Wanted, *, dry_run: bool, yes: bool, as_json: bool
) -> None:
    """Remove images from the engine's store, or from repositories where some are named.

    Raises:
        FahrError: as :func:`~fahr_docker.kept_images.places.opened_places`.
        UsageError: nobody can be asked, or the registry does not delete.
    """
    ledger = open_with_local_states()
    with opened_places(ledger, read_uses(ledger), repositories) as places:
        plans = [_Plan(place, choose(place.images, wanted)) for place in places]
        going = [image for plan in plans for image in plan.choice.removed]
        kept = [pair for plan in plans for pair in plan.choice.kept]
        freed = sum(plan.place.frees(plan.choice) for plan in plans)
        piped = as_json or not sys.stdout.isatty()
        if going and not piped:
            print_images(going, piped=False)
        if going and not dry_run:
            _ask(going, freed, yes=yes)
            stayed = [pair for plan in plans for pair in _removed(plan)]
            going = [image for image in going if image not in [one for one, _ in stayed]]
            kept += stayed
    if as_json:
        console.out_json(_document(going, kept, freed, dry_run=dry_run))
        return
    if piped:
        print_images(going, piped=True)
    _tell(going, kept, freed, dry_run=dry_run)


@dataclass(frozen=True, slots=True)
class _Plan:
    place: Place
    choice: Choice


def _ask(going: Sequence[KeptImage], freed: int, *, yes: bool) -> None:
    if yes:
        return
    what = f"{_count(going)}, up to {size(freed)}"
    if not console.can_ask():
        raise UsageError(
            f"nobody can answer here (no terminal): {what}",
            "add --yes, or --dry-run",
            "nothing was removed",
        )
    if not asking.confirm(f"remove {what}?", default=False):
        raise UsageError("nothing was removed")


def _removed(plan: _Plan) -> Iterator[tuple[KeptImage, str]]:
    """Remove what was chosen; give what stays after all, with the reason."""
    for image in plan.choice.removed:  # code before the environments that it is built on
        if why := plan.place.remove(image):
            yield image, why


def _tell(
    going: Sequence[KeptImage],
    kept: Sequence[tuple[KeptImage, str]],
    freed: int,
    *,
    dry_run: bool,
) -> None:
    for image, why in kept:
        if len(kept) <= _SHOWN or any(not use.finished for use in image.uses):
            console.note(f"kept      {image.name}: {why}")
    if len(kept) > _SHOWN:
        console.note(f"kept      {len(kept)} images in all: --json tells why each")
    verb = "would remove" if dry_run else "removed"
    gone = f"{verb} {_count(going)}, up to {size(freed)}" if going else "nothing to remove"
    console.note(gone)
    if going and any(image.repository for image in going):
        console.note("a registry gives the room back when it collects its garbage")
    elif going:
        console.note("what the build cache has of it stays: docker builder prune")


def _document(
    going: Sequence[KeptImage],
    kept: Sequence[tuple[KeptImage, str]],
    freed: int,
    *,
    dry_run: bool,
) -> dict[str, Any]:
    return {
        "removed": [document(image) for image in going],
        "kept": [{**document(image), "reason": why} for image, why in kept],
        "freed": freed,
        "dry_run": dry_run,
    }


def _count(images: Sequence[KeptImage]) -> str:
    return f"{len(images)} image{'' if len(images) == 1 else 's'}"
