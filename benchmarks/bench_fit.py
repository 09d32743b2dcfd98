"""What a job on this machine adds to running the script, and what its environment adds."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from paired import Paired, fahr, time_pairs

BOUND = 0.5  # seconds
ENVIRONMENT_BOUND = 0.3  # seconds
SCRIPT = "print('done')\n"
PAIRS = 10


def main() -> int:
    """Time `fahr fit --follow` against `python script.py`, then with a warm environment."""
    with tempfile.TemporaryDirectory() as temporary:
        os.environ["FAHR_HOME"] = str(Path(temporary, "home"))
        bare = experiment(Path(temporary, "bare"))
        packages = experiment(Path(temporary, "packages"), requirements="iniconfig\n")
        subprocess.run(fit(packages), cwd=packages, check=True, capture_output=True)
        job = time_pairs([sys.executable, "train.py"], fit(bare), bare, pairs=PAIRS)
        warm = time_pairs(fit(bare), fit(packages), bare, pairs=PAIRS)
    late = [told("a job", job, BOUND), told("its warm environment", warm, ENVIRONMENT_BOUND)]
    return 1 if any(late) else 0


def experiment(folder: Path, requirements: str = "") -> Path:
    """Make an experiment; with requirements its job gets an environment of its own."""
    folder.mkdir()
    (folder / "train.py").write_text(SCRIPT, encoding="utf-8")
    if requirements:
        (folder / "requirements.txt").write_text(requirements, encoding="utf-8")
    return folder


def fit(folder: Path) -> list[str]:
    """Give the command that runs an experiment's job to its end."""
    return [fahr(), "fit", str(folder / "train.py"), "--train-driver=local", "--follow"]


def told(what: str, times: Paired, bound: float) -> bool:
    """Print the figures and tell whether they are past the bound."""
    late = times.added > bound
    print(f"{what}: {times}; bound {bound} s more{'  TOO SLOW' if late else ''}")
    return late


if __name__ == "__main__":
    sys.exit(main())
