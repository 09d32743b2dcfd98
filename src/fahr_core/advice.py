"""What to do about a job that failed, where its reason tells."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fahr_core.ledger.record import Record

__all__ = ["advice"]

_MISSING = re.compile(r"No module named '([A-Za-z_]\w*)")


def advice(record: Record) -> list[str]:
    """Give lines to paste after a failure; none when its reason tells nothing."""
    if missing := _MISSING.search(record.reason or ""):
        return _provide(missing[1], Path(record.experiment), record.artifact)
    return []


def _provide(module: str, experiment: Path, artifact: str) -> list[str]:
    """Say how a module comes into the job's environment."""
    from fahr_core.environment.module_names import usual_distribution

    if (experiment / f"{module}.py").exists() or (experiment / module).is_dir():
        return []  # the experiment's own: no package would mend it
    distribution = usual_distribution(module)
    others = ("environment.yaml", "environment.yml", "pyproject.toml")
    if any((experiment / name).exists() for name in others):
        return [f"fahr fit    after adding {distribution} to the environment file"]
    file = "requirements.txt"
    here = Path.cwd().resolve() == experiment
    target, sent = (file, "") if here else (str(experiment / file), f" {experiment / artifact}")
    return [f"echo {distribution} >> {shlex.quote(target)}", f"fahr fit{sent}"]
