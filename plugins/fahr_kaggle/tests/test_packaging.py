"""What installing the driver brings along."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, requires

from packaging.requirements import Requirement


def brought_by(name, seen=None):
    """Give the names of all that a distribution needs, and what that needs in turn."""
    seen = set() if seen is None else seen
    try:
        wanted = requires(name) or []
    except PackageNotFoundError:  # for another platform or Python
        return seen
    for text in wanted:
        requirement = Requirement(text)
        found = re.sub(r"[-_.]+", "-", requirement.name).lower()
        marker = requirement.marker
        if found not in seen and (marker is None or marker.evaluate({"extra": ""})):
            seen.add(found)
            brought_by(found, seen)
    return seen


def test_it_brings_kaggles_sdk_and_nothing_of_other_clouds():
    brought = brought_by("fahr-kaggle")
    assert {"kagglesdk", "fahr-core", "requests"} <= brought
    foreign = {name for name in brought if name.startswith(("google-", "boto", "docker"))}
    assert foreign == set()
    assert "kaggle" not in brought
    assert "papermill" not in brought
