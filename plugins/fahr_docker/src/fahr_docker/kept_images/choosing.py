"""Which images go and which stay: by age and use, and never one that a job still needs."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fahr_core.durations import duration

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fahr_docker.kept_images.image import KeptImage

__all__ = ["JUST_MADE", "USUAL_AGE", "Choice", "Wanted", "choose"]

#: Seconds. What nobody used for so long goes where no age is given.
USUAL_AGE = 30 * 86400.0
#: Seconds. What is younger may be of a fit that has not sent its job yet.
JUST_MADE = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What somebody wants to be rid of.

    Args:
        older_than: Not used for so many seconds, and not made since; None for the usual age,
            or with ``unused`` for no age but "just made".
        unused: Only what no recorded job has used.
        others: In a registry also what this machine has never used.
    """

    older_than: float | None = None
    unused: bool = False
    others: bool = False

    @property
    def age(self) -> float:
        """The least age in seconds."""
        if self.older_than is not None:
            return self.older_than
        return JUST_MADE if self.unused else USUAL_AGE


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What goes, and what stays with the reason for each."""

    removed: tuple[KeptImage, ...] = ()
    kept: tuple[tuple[KeptImage, str], ...] = ()


def choose(images: Sequence[KeptImage], wanted: Wanted, now: float | None = None) -> Choice:
    """Choose among the images of one place; an environment stays while code on it does."""
    now = time.time() if now is None else now
    removed: list[KeptImage] = []
    kept: list[tuple[KeptImage, str]] = []
    for image in sorted(images, key=lambda image: image.kind):  # code, then env
        above = [one.name for one, _ in kept if one.is_built_on(image)]
        why = _needed(image, wanted, now)
        if why is None and image.kind == "env" and above:
            why = f"{above[0]} is built on it"
        if why is None:
            removed.append(image)
        else:
            kept.append((image, why))
    return Choice(removed=tuple(removed), kept=tuple(kept))


def _needed(image: KeptImage, wanted: Wanted, now: float) -> str | None:
    """Tell why an image stays, None when it goes."""
    running = [use.job for use in image.uses if not use.finished]
    if running:
        return f"{running[0]} needs it"
    if image.held:
        return "a container was made from it"
    if image.others and image.repository:
        return f"it is tagged {image.others[0]} too"
    if not image.mine and not wanted.others:
        return "no job recorded here used it"
    if wanted.unused and image.uses:
        return f"{image.uses[0].job} used it"
    last = max(image.used or 0.0, image.created or 0.0)
    if now - last < wanted.age:
        what = "used" if image.used == last else "made"
        return f"{what} {duration(now - last)} ago"
    return None
