"""Which image a Dockerfile starts from, and why.

Source of the rules: wheels of torch, tensorflow[and-cuda] and jax[cuda] bring CUDA's libraries
themselves and need nothing of the base but its name for the driver; others need CUDA and cuDNN
from the base, and what compiles kernels needs nvcc too.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fahr_core.errors import UsageError
from fahr_core.models import BaseImage

if TYPE_CHECKING:
    from datetime import date

    from fahr_core.models import Environment, Job

__all__ = ["CudaChoice", "choose_base", "choose_cuda"]

_RUNTIME = re.compile(r"nvidia-cuda-runtime(?:-cu\d+)?")
_CUDNN = re.compile(r"nvidia-cudnn(?:-cu\d+)?")
_STALE = 540  # days after which a table is too old to be relied on


@dataclass(frozen=True, slots=True, kw_only=True)
class CudaChoice:
    """A CUDA base image; ``warnings`` are for a person, ``driver`` is the least that runs it."""

    reference: str
    reason: str
    driver: int
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """Which CUDA is wanted, why, and whether the packages bring its libraries.

    ``named`` is for what a person asked for, which is taken or refused.
    """

    cuda: str
    why: str
    bundled: bool = False
    named: bool = False
    warnings: tuple[str, ...] = ()


def choose_base(job: Job, environment: Environment, *, gpu: bool) -> BaseImage:
    """Choose the base image of a job.

    ``--train-image`` wins; else a slim Python for processors, a CUDA image for GPUs.
    """
    if job.train_image:
        return BaseImage(reference=job.train_image, reason="named by --train-image", gpu=gpu)
    if gpu:
        chosen = choose_cuda(environment, job.build_settings)
        return BaseImage(reference=chosen.reference, reason=chosen.reason, gpu=True)
    python = environment.python or _own_minor()
    why = "locked for it" if environment.python else "as on this machine"
    return BaseImage(reference=f"python:{python}-slim-bookworm", reason=f"Python {python}, {why}")


def choose_cuda(environment: Environment, settings: Any, today: date | None = None) -> CudaChoice:
    """Choose the CUDA image for the locked packages.

    Args:
        environment: The locked environment.
        settings: The build driver's settings: ``cuda`` and ``nvcc``.
        today: The day by which the table's age is told; None for today's.

    Raises:
        UsageError: the settings name a CUDA that has no image.
    """
    table = _table()
    pinned = _pinned(environment)
    wanted = _named(settings, pinned) or pinned or _by_framework(environment, table)
    image, warnings = _image(wanted, table)
    form = _form(wanted, image, bool(settings.get("nvcc")))
    major = image["cuda"].partition(".")[0]
    return CudaChoice(
        reference=f"nvidia/cuda:{image['cuda']}-{form}-ubuntu{image['ubuntu']}",
        reason=f"CUDA {_minor(image['cuda'])}: {wanted.why}",
        driver=table["drivers"].get(major, max(table["drivers"].values())),
        warnings=(*wanted.warnings, *warnings, *_age(table, today)),
    )


def _named(settings: Any, pinned: _Wanted | None) -> _Wanted | None:
    if not (cuda := settings.get("cuda")):
        return None
    return _Wanted(cuda=cuda, why="cuda= in the settings", bundled=pinned is not None, named=True)


def _pinned(environment: Environment) -> _Wanted | None:
    """Read what the lock pins of NVIDIA's own packages."""
    found = {package.name: package.version for package in environment.packages}
    runtime = _version_of(_RUNTIME, found)
    if not runtime:
        return None
    cudnn = _version_of(_CUDNN, found)
    why = f"the lock has {runtime[0]} {runtime[1]}" + (f", cuDNN {cudnn[1]}" if cudnn else "")
    return _Wanted(cuda=_minor(runtime[1]), why=why, bundled=True)


def _version_of(pattern: re.Pattern[str], found: dict[str, str]) -> tuple[str, str] | None:
    named = [(name, version) for name, version in found.items() if pattern.fullmatch(name)]
    return max(named, key=lambda item: _number(item[1]), default=None)


def _by_framework(environment: Environment, table: dict[str, Any]) -> _Wanted:
    """Ask the table about the first framework that the environment has."""
    found = {package.name: package.version for package in environment.packages}
    for name in dict.fromkeys(row["name"] for row in table["frameworks"]):
        if name in found:
            return _of_framework(name, found[name], table)
    return _Wanted(cuda=table["default"], why="no framework is locked that says otherwise")


def _of_framework(name: str, version: str, table: dict[str, Any]) -> _Wanted:
    rows = [row for row in table["frameworks"] if row["name"] == name]
    older = [row for row in rows if _number(row["since"]) <= _number(version)]
    row = older[-1] if older else rows[0]
    why = f"{name} {version} is built for it"
    warnings = []
    if not older:
        warnings.append(f"{name} {version} is older than the table of CUDA versions")
    elif row is rows[-1] and "until" in row and _number(version)[:2] > _number(row["until"]):
        warnings.append(f"{name} {version} is newer than the table of CUDA versions")
    if name == "torch" and version.endswith("+cpu"):
        warnings.append(f"{name} {version} does not use a GPU")
    return _Wanted(cuda=row["cuda"], why=why, warnings=tuple(warnings))


def _image(wanted: _Wanted, table: dict[str, Any]) -> tuple[dict[str, str], list[str]]:
    """Give the row of the nearest image: of the same version, else the next lower of its major."""
    images: list[dict[str, str]] = table["images"]
    exact = [row for row in images if _number(row["cuda"])[:2] == _number(wanted.cuda)[:2]]
    if exact:
        named = exact[-1]
        if _number(wanted.cuda)[2:]:  # a patch that somebody names is taken as it is
            named = {**named, "cuda": wanted.cuda}
        return named, []
    if wanted.named:
        there = ", ".join(_minor(row["cuda"]) for row in images)
        raise UsageError(
            f"there is no image for CUDA {wanted.cuda} that fahr knows; there are {there}",
            "fahr fit --train-image=nvidia/cuda:TAG",
        )
    major = [row for row in images if _number(row["cuda"])[0] == _number(wanted.cuda)[0]]
    lower = [row for row in major if _number(row["cuda"]) < _number(wanted.cuda)]
    chosen = (lower or major[:1] or images)[-1]
    warning = f"no image for CUDA {wanted.cuda} is known; {_minor(chosen['cuda'])} is taken"
    return chosen, [warning]


def _form(wanted: _Wanted, image: dict[str, str], nvcc: bool) -> str:
    if nvcc:
        return f"{image['cudnn']}-devel"
    return "base" if wanted.bundled else f"{image['cudnn']}-runtime"


def _age(table: dict[str, Any], today: date | None) -> list[str]:
    from datetime import UTC, datetime

    days = ((today or datetime.now(UTC).date()) - table["date"]).days
    if days <= _STALE:
        return []
    return [f"the table of CUDA versions is of {table['date']}: upgrade fahr-docker"]


def _minor(version: str) -> str:
    return ".".join(version.split(".")[:2])


def _number(version: str) -> tuple[int, ...]:
    match = re.match(r"\d+(?:\.\d+)*", version)
    return tuple(int(part) for part in match[0].split(".")) if match else (0,)


def _own_minor() -> str:
    from fahr_core.environment.interpreters import host_minor

    return host_minor()


@cache
def _table() -> dict[str, Any]:
    return tomllib.loads((Path(__file__).parent / "cuda.toml").read_text("utf-8"))
