"""What the installation of a distribution brings along."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, requires

from packaging.requirements import Requirement

__all__ = ["brought_by"]


def brought_by(name: str) -> set[str]:
    """Give the names of all that a distribution needs, and what that needs in turn."""
    seen: set[tuple[str, str]] = set()
    ahead = [(name, "")]
    while ahead:
        distribution, extra = ahead.pop()
        for requirement in _wanted(distribution):
            marker = requirement.marker
            if marker is not None and not marker.evaluate({"extra": extra}):
                continue
            found = re.sub(r"[-_.]+", "-", requirement.name).lower()
            new = {(found, each) for each in ("", *requirement.extras)} - seen
            seen |= new
            ahead += new
    return {found for found, _ in seen}


def _wanted(distribution: str) -> list[Requirement]:
    try:
        return [Requirement(text) for text in requires(distribution) or ()]
    except PackageNotFoundError:  # for another platform or Python
        return []
