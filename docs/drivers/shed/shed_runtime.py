"""How the shed looks from inside a job. Standard library only, any Python from 3.8 on."""

import json
import os
from pathlib import Path

HERE = Path(os.environ["SHED_JOB"])

(HERE / "pid.part").write_text(str(os.getpid()))
(HERE / "pid.part").replace(HERE / "pid")  # so that nobody reads half of it


def places():
    """Tell the job's folders, and its Python where it has an environment of its own."""
    folders = ("code", "work", "output", "inputs", "checkpoints")
    found = {name: str(HERE / name) for name in folders}
    lock = HERE / "environment.lock"
    if lock.exists():
        found["python"] = _environment(lock)
    return found


def _environment(lock):
    from fahr_launcher.env import install

    description = json.loads(Path(os.environ["FAHR_JOB_FILE"]).read_text(encoding="utf-8"))
    version = description["environment"]["python"]
    return install(str(lock), str(HERE / "environment"), "python" + version)


def nodes():
    """Tell that there is one."""
    return {"rank": 0, "count": 1}


def secrets(_names):
    """Hand over none: the driver does not declare that it can, so that no job has any."""
    return {}


def report_failure(reason):
    """Leave the reason where the driver looks for it."""
    (HERE / "reason").write_text(reason, encoding="utf-8")


def deliver(output):
    """Leave the output where it is: the driver reads it there."""
