"""fahr-job.json: what a job was, kept next to its output."""

import json
import os
import subprocess
from contextlib import suppress
from typing import Any, Dict, List, NamedTuple, Optional

from .job import Job

NAME = "fahr-job.json"
SCHEMA = 1
PATIENCE = 10.0  # seconds for the job's python to list its packages

# Names from the folders' names: reading each package's metadata takes ten times as long.
SURVEY = """
import json, os, sys
packages = {}
for folder in sys.path[1:]:
    try:
        found = os.listdir(folder or ".")
    except OSError:
        continue
    for name in found:
        stem, kind = os.path.splitext(name)
        if kind in (".dist-info", ".egg-info"):
            parts = stem.split("-")
            if len(parts) > 1:
                packages.setdefault(parts[0].replace("_", "-").lower(), parts[1])
print(json.dumps([".".join(map(str, sys.version_info[:3])), packages]))
"""


class Survey:
    """Asks the job's python for its version and packages while other work goes on."""

    def __init__(self, python: str, environment: Dict[str, str]) -> None:
        self._process: Optional["subprocess.Popen[bytes]"] = None
        with suppress(OSError):  # no such python: the job has failed for the same reason
            self._process = subprocess.Popen(
                [python, "-c", SURVEY],
                cwd=os.path.abspath(os.sep),
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )

    def result(self) -> "Facts":
        """Give what was found; nothing when the python did not answer in time."""
        if self._process is None:
            return Facts(None, {})
        try:
            answer, _ = self._process.communicate(timeout=PATIENCE)
            version, packages = json.loads(answer.decode("utf-8"))
            return Facts(version, dict(sorted(packages.items())))
        except (subprocess.TimeoutExpired, ValueError):
            self._process.kill()
            self._process.communicate()
            return Facts(None, {})


class Facts(NamedTuple):
    """The job's Python version, and its packages by name."""

    python: Optional[str]
    packages: Dict[str, str]


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
        json.dump(record, file, indent=2, ensure_ascii=True)
        file.write("\n")
    os.replace(part, path)
