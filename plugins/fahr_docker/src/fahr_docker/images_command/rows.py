"""An image as a line for people, as fields for programs, and as a JSON document."""

from __future__ import annotations

import re
import time
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from fahr_core.cli.shown import moment
from fahr_core.cli.table import column_widths, print_fields, print_table
from fahr_core.durations import age, size

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fahr_docker.kept_images.image import KeptImage

__all__ = ["document", "print_images"]

_HEADER = ["KIND", "IMAGE", "SIZE", "AGE", "LAST USE", "EXPERIMENT"]
_HASH = re.compile(r"(?<=[:-])([0-9a-f]{12})[0-9a-f]{28}$")


def document(image: KeptImage) -> dict[str, Any]:
    """Give the JSON document of an image."""
    return {
        "kind": image.kind,
        "repository": image.repository,
        "digest": image.digest,
        "tags": list(image.tags),
        "other_tags": list(image.others),
        "size": image.size,
        "created": moment(image.created),
        "used": moment(image.used),
        "experiment": image.experiment,
        "jobs": [use.job for use in image.uses],
        "unfinished": [use.job for use in image.uses if not use.finished],
    }


def print_images(images: Sequence[KeptImage], *, piped: bool) -> None:
    """Print images: aligned at a terminal, else tab-separated, without header, nothing cut."""
    if piped:
        for image in images:
            print_fields(_fields(image))
        return
    rows = [_row(image) for image in images]
    print_table(_HEADER, rows, column_widths([_HEADER, *rows], len(_HEADER) - 1))


def _fields(image: KeptImage) -> list[str]:
    times = [moment(image.created) or "", moment(image.used) or ""]
    return [image.kind, image.name, str(image.size), *times, image.experiment or "", image.digest]


def _row(image: KeptImage) -> list[str]:
    now = time.time()
    folder = PurePath(image.experiment).name if image.experiment else ""
    more = f" +{len(image.tags) - 1}" if len(image.tags) > 1 else ""
    return [
        image.kind,
        _HASH.sub(r"\1", image.name) + more,
        size(image.size),
        age(image.created, now),
        _last_use(image, now),
        folder,
    ]


def _last_use(image: KeptImage, now: float) -> str:
    if any(not use.finished for use in image.uses):
        return "now"
    return age(image.used, now) if image.used else "-"
