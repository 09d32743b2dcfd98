"""An image that fahr made, wherever it is kept."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fahr_docker.environment_image import LABEL

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fahr_docker.kept_images.uses import Use

__all__ = ["KINDS", "KeptImage", "Layer", "experiment_of", "is_fahrs_tag", "kind_of"]

#: What the label says, and what people are told.
KINDS = {"environment": "env", "job": "code"}
#: An image that somebody builds on one of fahr's has its label, but no such name.
_TAG = re.compile(r"(?:\S+:)?(?:env|code)-[0-9a-f]{40}|fahr/env:[0-9a-f]{40}")
_SLUG = re.compile(r"fahr/([a-z0-9-]+):code-")


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """A layer by digest; ``size`` in bytes as it is kept, None where nobody tells it."""

    digest: str
    size: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptImage:
    """An image that fahr made.

    ``repository`` is None in the engine's store. ``digest`` is what it goes by there.
    ``tags`` are the names that fahr gave it, ``others`` those that somebody else did.
    ``size`` in bytes, with all layers. ``created`` is when it was made, None where nobody can
    tell: an image of code in a registry has the time of its environment. ``uses`` are those of
    recorded jobs, of an environment those of the images on it. ``mine`` tells whether this
    machine has used it, ``held`` whether a container was made from it.
    """

    kind: str
    repository: str | None
    digest: str
    tags: tuple[str, ...]
    size: int
    layers: tuple[Layer, ...]
    created: float | None
    experiment: str | None
    mine: bool
    held: bool = False
    others: tuple[str, ...] = ()
    uses: tuple[Use, ...] = ()

    @property
    def used(self) -> float | None:
        """When a job last used it, in seconds since the epoch; None when no job is recorded."""
        return max((use.when for use in self.uses), default=None)

    @property
    def name(self) -> str:
        """Its first name, with the repository."""
        return f"{self.repository}:{self.tags[0]}" if self.repository else self.tags[0]

    def is_built_on(self, other: KeptImage) -> bool:
        """Tell whether it has all layers of another image of the same place, and more."""
        below = [layer.digest for layer in other.layers]
        own = [layer.digest for layer in self.layers]
        here = self.repository == other.repository
        return here and len(own) > len(below) and own[: len(below)] == below


def is_fahrs_tag(name: str) -> bool:
    """Tell whether fahr gives such names, in the engine's store or a repository."""
    return _TAG.fullmatch(name) is not None


def kind_of(labels: Mapping[str, str]) -> str | None:
    """Give ``env`` or ``code`` by an image's labels, None when it is not fahr's."""
    return KINDS.get(labels.get(LABEL, ""))


def experiment_of(tags: tuple[str, ...], uses: tuple[Use, ...]) -> str | None:
    """Give the folder that an image was made for: as a job tells it, else by its name."""
    if uses:
        return max(uses, key=lambda use: use.when).experiment
    return next((found[1] for tag in tags if (found := _SLUG.match(tag))), None)
