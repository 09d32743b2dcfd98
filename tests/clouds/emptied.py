"""A cloud that several tests use, one after the other."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from fahr_core import ranged, side_by_side

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["emptied"]

#: Seconds from SIGTERM to SIGKILL, unless a test says otherwise: less than a service gives.
GRACE = 10.0
#: Seconds for calls that a test has left behind.
_PATIENCE = 60.0


@contextmanager
def emptied(cloud: Any, *faults: list[str]) -> Iterator[Any]:
    """Empty a cloud before a test and after it; a fault of the cloud itself fails the test.

    Args:
        cloud: It has a ``runner``, ``grace`` and ``reset``.
        faults: What else must be empty at the test's end.
    """
    cloud.reset()
    cloud.grace = GRACE
    yield cloud
    cloud.faults.clear()
    _wait_for_calls()
    problems = [text for each in (cloud.runner.problems, *faults) for text in each]
    cloud.reset()
    cloud.runner.problems.clear()
    assert not problems, "\n".join(problems)


def _wait_for_calls() -> None:
    """Wait for calls whose caller has gone on: they are not to meet the faults of the next test."""
    for thread in threading.enumerate():
        if thread.name in (ranged.NAME, side_by_side.NAME):
            thread.join(_PATIENCE)
            assert not thread.is_alive(), "a call goes on after its test"
