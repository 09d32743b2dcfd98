"""What Kaggle's image has of a lock already: used from there, not downloaded again.

A framework of some gigabytes would else be fetched by each session, though the image has it.
Standard library only, any Python from 3.8 on.
"""

import os
import re
import sys
from importlib import metadata
from pathlib import Path
from typing import Dict, List, Tuple

REQUIREMENT = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?==([^\s;\\]+)")
LENDING = "fahr-image.pth"


def installed() -> Dict[str, str]:
    """Give the version of each package of this Python, by its plain name."""
    found: Dict[str, str] = {}
    for one in metadata.distributions():
        name = one.metadata["Name"]
        if name:  # the first one is what is imported
            found.setdefault(plain(name), one.version)
    return found


def plain(name: str) -> str:
    """Give a package's name in its one spelling."""
    return re.sub(r"[-_.]+", "-", name).lower()


def without(lock: str, there: Dict[str, str]) -> Tuple[str, List[str], int]:
    """Take what is there out of a lock.

    Gives the rest, the names of what was taken out, and how many packages are left. A version
    with a build's name behind it (2.6.0+cu124) is the version without, as pip has it.
    """
    kept: List[str] = []
    found: List[str] = []
    left, skipping, goes_on = 0, False, False
    for line in lock.splitlines(True):
        if not goes_on:
            wanted = REQUIREMENT.match(line)
            skipping = bool(wanted and _is(there.get(plain(wanted[1])), wanted[2]))
            if wanted:
                left += not skipping
                found += [plain(wanted[1])] * skipping
        goes_on = line.rstrip().endswith("\\")
        if not skipping:
            kept.append(line)
    return "".join(kept), found, left


def lend(interpreter: str) -> None:
    """Let an environment see this Python's packages behind its own."""
    places = [path for path in sys.path if path.endswith(("site-packages", "dist-packages"))]
    for folder in Path(interpreter).parent.parent.glob("lib/python*/site-packages"):
        (folder / LENDING).write_text("".join(place + os.linesep for place in places), "utf-8")


def _is(version: object, wanted: str) -> bool:
    if not isinstance(version, str):
        return False
    return version == wanted or ("+" not in wanted and version.partition("+")[0] == wanted)
