"""A cloud that several tests use, one after the other."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["emptied"]

#: Seconds from SIGTERM to SIGKILL, unless a test says otherwise: less than a service gives.
GRACE = 10.0


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
    problems = [text for each in (cloud.runner.problems, *faults) for text in each]
    cloud.reset()
    cloud.runner.problems.clear()
    assert not problems, "\n".join(problems)
