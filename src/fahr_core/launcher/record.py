"""fahr-job.json: what a job was, kept next to its output."""

import json
import os
import subprocess
import threading
from contextlib import suppress
from typing import Any, Dict, List, NamedTuple, Optional

from .job import Job
from .literals import in_json

NAME = "fahr-job.json"
SCHEMA = 1
PATIENCE = 10.0  # seconds for the job's python to list its packages

# Names from the folders' names: reading each package's metadata takes ten times as long.
SURVEY = """
import json, os, sys
packages, folders = {}, {}
for folder in sys.path[1:]:
    try:
        found = os.listdir(folder or ".")
        folders[folder] = os.stat(folder or ".").st_mtime_ns
    except OSError:
        continue
    for name in found:
        stem, kind = os.path.splitext(name)
        if kind in (".dist-info", ".egg-info"):
            parts = stem.split("-")
            if len(parts) > 1:
                packages.setdefault(parts[0].replace("_", "-").lower(), parts[1])
print(json.dumps([".".join(map(str, sys.version_info[:3])), packages, folders]))
"""


class Facts(NamedTuple):
    """The job's Python version, its packages by name, and the folders that hold them."""

    python: Optional[str]
    packages: Dict[str, str]
    folders: Dict[str, int]


class Survey:
    """Asks the job's python for its version and packages while the job runs.

    A job may install packages: when a folder has changed by the end, it is asked again.
    """

    def __init__(self, python: str, environment: Dict[str, str]) -> None:
        self._asked = (python, environment)
        self._facts = Facts(None, {}, {})
        self._thread = threading.Thread(target=self._ask, daemon=True)
        self._thread.start()

    def result(self) -> Facts:
        """Give what was found; nothing when the python did not answer in time."""
        self._thread.join()
        if _have_changed(self._facts.folders):
            self._ask()
        return self._facts

    def _ask(self) -> None:
        python, environment = self._asked
        # No such python, or one that fails: the job has failed for the same reason.
        with suppress(OSError, ValueError, subprocess.TimeoutExpired):
            done = subprocess.run(
                [python, "-c", SURVEY],
                cwd=os.path.abspath(os.sep),
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                timeout=PATIENCE,
            )
            version, packages, folders = json.loads(done.stdout.decode("utf-8"))
            self._facts = Facts(version, dict(sorted(packages.items())), folders)


def _have_changed(folders: Dict[str, int]) -> bool:
    for folder, changed in folders.items():
        with suppress(OSError):
            if os.stat(folder or ".").st_mtime_ns != changed:
                return True
    return False


def write(folder: str, job: Job, facts: Facts, accelerators: List[str], outcome: Any) -> None:
    """Write the record of a job and its run.Outcome. Raises OSError."""
    record: Dict[str, Any] = {
        "schema": SCHEMA,
        "name": job.name,
        "driver": job.driver,
        "artifact": job.artifact,
        "parameters": job.params,
        "started": round(outcome.started, 3),
        "ended": round(outcome.ended, 3),
        "exit_code": outcome.exit_code,
        "state": outcome.state,
        "reason": outcome.reason,
        "python": facts.python,
        "packages": facts.packages,
        "git": job.git,
        "image": job.image,
        "environment": job.environment,
        "accelerator": accelerators,
        "metrics": {},
    }
    path = os.path.join(folder, NAME)
    part = path + ".fahr-part"
    with open(part, "w", encoding="utf-8") as file:
        json.dump(in_json(record), file, indent=2, ensure_ascii=True, allow_nan=False)
        file.write("\n")
    os.replace(part, path)
