"""Files that a new experiment may begin with: an example to run, and its requirements."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fahr_core.errors import ArtifactError, DiskError, OverwriteError
from fahr_core.experiment import shown
from fahr_core.models import Environment

if TYPE_CHECKING:
    from pathlib import Path

    from fahr_core.experiment import Experiment

__all__ = [
    "BACKUP",
    "REQUIREMENTS",
    "already_there",
    "imported_packages",
    "requirements_for",
    "write_example",
    "write_requirements",
]

REQUIREMENTS = "requirements.txt"
BACKUP = "requirements.txt.bak"

EXAMPLE = '''\
"""Fit a line to noisy points by gradient descent; needs no package."""
import json
import random

epochs = 20
learning_rate = 1.0

random.seed(0)
points = [(x / 50, 3 * x / 50 + 1 + random.gauss(0, 0.1)) for x in range(50)]
slope = intercept = 0.0

for epoch in range(1, epochs + 1):
    errors = [(slope * x + intercept - y, x) for x, y in points]
    slope -= learning_rate * sum(error * x for error, x in errors) / len(points)
    intercept -= learning_rate * sum(error for error, x in errors) / len(points)
    loss = sum(error**2 for error, x in errors) / len(points)
    print(f"epoch {epoch}/{epochs} loss {loss:.4f}", flush=True)

with open("model.json", "w") as file:  # what is written here comes home by: fahr fetch
    json.dump({"slope": slope, "intercept": intercept}, file)
'''


def write_example(path: Path) -> None:
    """Write a training script of 20 lines that needs no package.

    Raises:
        ArtifactError: the name is no script's, or its folder is missing.
        DiskError: it cannot be written.
        OverwriteError: there is a file already; an example never replaces one.
    """
    if path.suffix != ".py":
        raise ArtifactError(f"the example is a .py script, {shown(path.name)} is no name for one")
    try:
        with path.open("x", encoding="utf-8", newline="\n") as stream:
            stream.write(EXAMPLE)
    except FileExistsError:
        raise already_there(path) from None
    except FileNotFoundError:
        raise ArtifactError(f"no folder {shown(path.parent)}") from None
    except OSError as error:
        raise DiskError(f"cannot write {shown(path)}: {error.strerror or error}") from error


def already_there(path: Path) -> OverwriteError:
    """Make the error for an example that would replace a file."""
    return OverwriteError(
        f"{shown(path.name)} is there already; an example replaces nothing",
        "fahr init example.py --example",
    )


def imported_packages(experiment: Experiment) -> list[str]:
    """Give the modules that an artifact imports and that come with no Python."""
    from fahr_core.environment.imports import missing_imports

    missing = missing_imports(experiment.folder, experiment.artifact, Environment())
    return [module for module, _ in missing]


def requirements_for(experiment: Experiment) -> str:
    """Give the text of a requirements.txt with what the artifact imports.

    Raises:
        ArtifactError: it imports no package.
    """
    from fahr_core.environment.imports import requirements_from_imports

    text = requirements_from_imports(experiment.folder, experiment.artifact)
    if not text:
        raise ArtifactError(f"{shown(experiment.artifact)} imports no package: it needs no file")
    return text


def write_requirements(folder: Path, text: str) -> str:
    """Write requirements.txt; another one that was there is kept beside it.

    Gives what became of it: ``wrote``, ``replaced`` or ``unchanged``.

    Raises:
        DiskError: it cannot be written.
    """
    path = folder / REQUIREMENTS
    try:
        there = path.read_bytes() if path.exists() else None
        if there == text.encode():
            return "unchanged"
        if there is not None:
            path.replace(folder / BACKUP)
        path.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise DiskError(f"cannot write {shown(path)}: {error.strerror or error}") from error
    return "wrote" if there is None else "replaced"
