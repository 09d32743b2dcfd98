"""Which recorded jobs run which image: what their requests name, whatever the driver."""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fahr_core.models import State

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from fahr_core.ledger import Ledger

__all__ = ["Use", "Uses", "read_uses"]

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_NAME = re.compile(r"[\w./:-]+:(?:env|code)-[0-9a-f]{40}")
_BY_DIGEST = re.compile(r"([a-zA-Z0-9][\w.:/-]*/[\w./-]+)@sha256:[0-9a-f]{64}")
_COLUMNS = "name, experiment, state, created, ended, request"


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """A recorded job that runs an image; ``when`` it last did, in seconds since the epoch."""

    job: str
    experiment: str
    when: float
    finished: bool


class Uses:
    """All recorded jobs by the images that their requests name."""

    def __init__(self, by_image: Mapping[str, list[Use]], repositories: Mapping[str, str]) -> None:
        self._by_image = by_image
        #: Repositories that jobs took images from, each with the latest such job.
        self.repositories = repositories

    def of(self, names: Iterable[str]) -> tuple[Use, ...]:
        """Give the jobs that run an image of any of these digests or names."""
        found = {use.job: use for name in names for use in self._by_image.get(name, ())}
        return tuple(sorted(found.values(), key=lambda use: use.when, reverse=True))


def read_uses(ledger: Ledger) -> Uses:
    """Read what images the recorded jobs run.

    Raises:
        FahrError: the ledger cannot be read.
    """
    rows = ledger.file.select(
        f"SELECT {_COLUMNS} FROM jobs WHERE request IS NOT NULL ORDER BY id"  # noqa: S608
    )
    by_image: dict[str, list[Use]] = {}
    repositories: dict[str, str] = {}
    for name, experiment, state, created, ended, request in rows:
        finished = State(state).final
        when = (ended or created) if finished else time.time()
        use = Use(job=name, experiment=experiment, when=when, finished=finished)
        body = json.loads(request).get("body")
        for image in set(_images(body)):
            by_image.setdefault(image, []).append(use)
        repositories |= dict.fromkeys(_repositories(body), name)
    return Uses(by_image, repositories)


def _images(body: Any) -> Iterator[str]:
    for text in _texts(body):
        yield from _DIGEST.findall(text)
        yield from _NAME.findall(text)


def _repositories(body: Any) -> Iterator[str]:
    for text in _texts(body):
        yield from _BY_DIGEST.findall(text)


def _texts(value: Any) -> Iterator[str]:
    """Give all texts of a document that may name an image."""
    if isinstance(value, str):
        if ":" in value:
            yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from _texts(part)
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part)
