"""A home of its own for a test of a driver: no account of the caller's, and none of their jobs."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

__all__ = ["empty_home"]


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
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith(("FAHR_", *foreign)):
                patch.delenv(name)
        for name, value in own.items():
            patch.setenv(name, value)
        patch.setenv("HOME", str(home))
        patch.setenv("USERPROFILE", str(home))
        patch.setenv("FAHR_HOME", str(home / "fahr"))
        yield home
