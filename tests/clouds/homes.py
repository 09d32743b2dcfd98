"""A home of its own for a test of a driver: no account of the caller's, and none of their jobs."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

__all__ = ["empty_home", "surrounded"]


@contextmanager
def empty_home(
    factory: pytest.TempPathFactory, foreign: tuple[str, ...], own: Mapping[str, str]
) -> Iterator[Path]:
    """Set an empty home and FAHR_HOME for as long as the block lasts.

    Args:
        factory: Makes the folder.
        foreign: What the names of variables begin with that are taken away, besides ``FAHR_``.
        own: Variables that are set instead.
    """
    home = factory.mktemp("home")
    places = {"HOME": str(home), "USERPROFILE": str(home), "FAHR_HOME": str(home / "fahr")}
    with surrounded(("FAHR_", *foreign), {**own, **places}):
        yield home


@contextmanager
def surrounded(foreign: tuple[str, ...], own: Mapping[str, str]) -> Iterator[None]:
    """Take away the variables whose names begin so, and set others, while the block lasts."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith(foreign):
                patch.delenv(name)
        for name, value in own.items():
            patch.setenv(name, value)
        yield
