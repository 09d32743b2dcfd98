"""What to do about a job that failed, where its reason tells."""

from __future__ import annotations

import re
import shlex
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from fahr_core.experiment import shown

if TYPE_CHECKING:
    from fahr_core.ledger.record import Record

__all__ = ["advice"]

_MISSING = re.compile(r"No module named '([A-Za-z_]\w*)")
_NO_FILE = re.compile(r"No such file or directory: '([^'\\]+)'")


def advice(record: Record) -> list[str]:
    """Give lines to paste after a failure; none when its reason tells nothing."""
    reason, experiment = record.reason or "", Path(record.experiment)
    if missing := _MISSING.search(reason):
        return _provide(missing[1], experiment, record.artifact)
    if unread := _NO_FILE.search(reason):
        return _bring(PurePosixPath(unread[1]), experiment, record.artifact)
    return []


def _provide(module: str, experiment: Path, artifact: str) -> list[str]:
    """Say how a module comes into the job's environment."""
    from fahr_core.environment.module_names import usual_distribution

    if (experiment / f"{module}.py").exists() or (experiment / module).is_dir():
        return []  # the experiment's own: no package would mend it
    distribution = usual_distribution(module)
    others = ("environment.yaml", "environment.yml", "pyproject.toml")
    if any((experiment / name).exists() for name in others):
        return [f"add {distribution} to the environment file, then:", _fit(experiment, artifact)]
    file = "requirements.txt"
    target = file if _is_here(experiment) else str(experiment / file)
    return [f"echo {distribution} >> {shlex.quote(target)}", _fit(experiment, artifact)]


def _bring(missed: PurePosixPath, experiment: Path, artifact: str) -> list[str]:
    """Say how a file that was left out of the snapshot comes along."""
    parts = missed.parts[1:] if missed.is_absolute() else missed.parts
    for number, top in enumerate(parts):
        if top != ".." and experiment.joinpath(*parts[number:]).exists():
            fit = _fit(experiment, artifact)
            return [
                f"{shown(top)} was left out; send it along, or read it from FAHR_INPUT_DIR/data:",
                f"{fit} -c {shlex.quote(f'include={top}')}",
                f"{fit} --input {shlex.quote(f'data={_from_here(experiment / top)}')}",
            ]
    return []


def _fit(experiment: Path, artifact: str) -> str:
    if _is_here(experiment):
        return "fahr fit"
    return f"fahr fit {shlex.quote(str(experiment / artifact))}"


def _from_here(path: Path) -> str:
    return f"./{path.name}" if _is_here(path.parent) else str(path)


def _is_here(experiment: Path) -> bool:
    return Path.cwd().resolve() == experiment
