"""A container on a Docker engine, seen from inside. Standard library only, Python 3.8."""

import json
import os
import shutil
import signal
from pathlib import Path
from typing import Dict, List

#: The job's folder; the driver makes it before the container starts.
FOLDER = "/opt/fahr/job"
DESCRIPTION = FOLDER + "/job.json"
SECRETS = FOLDER + "/secrets.json"
WORK = FOLDER + "/work"
OUTPUT = FOLDER + "/output"
INPUTS = FOLDER + "/inputs"
CHECKPOINTS = FOLDER + "/checkpoints"
HOME = FOLDER + "/home"
#: Why the job failed, in a line; the driver reads it when the container has ended.
FAILURE = FOLDER + "/failure"
#: Put there by the driver before it asks the job to stop.
STOPPING = FOLDER + "/stopping"
#: The job as it was sent, for a machine that has no record of it.
SENT = FOLDER + "/sent.json"

CODE = "/opt/fahr/code"
PAPERMILL = "/opt/fahr/papermill/bin/python"


def places() -> Dict[str, str]:
    """Tell the job's folders.

    A container's first process ignores a signal that it has no handler for. So a stop that came
    before the launcher had one is noticed here.
    """
    if Path(STOPPING).exists():
        os.kill(os.getpid(), signal.SIGTERM)
    found = {
        "code": CODE,
        "work": WORK,
        "output": OUTPUT,
        "inputs": INPUTS,
        "checkpoints": CHECKPOINTS,
    }
    if Path(PAPERMILL).exists():
        found["papermill_python"] = PAPERMILL
    return found


def nodes() -> Dict[str, int]:
    """Tell that there is one."""
    return {"rank": 0, "count": 1}


def secrets(names: List[str]) -> Dict[str, str]:
    """Hand the secrets over, once."""
    file = Path(SECRETS)
    values = json.loads(file.read_text("utf-8"))
    file.unlink()
    return {name: values[name] for name in names}


def report_failure(reason: str) -> None:
    """Write down why the job failed."""
    Path(FAILURE).write_text(reason, "utf-8")


def deliver(output: str) -> None:
    """Put the checkpoints beside the output, so that a later job can go on from them."""
    checkpoints = Path(CHECKPOINTS)
    if checkpoints.is_dir() and any(checkpoints.iterdir()):
        shutil.copytree(str(checkpoints), str(Path(output, "checkpoints")), dirs_exist_ok=True)
