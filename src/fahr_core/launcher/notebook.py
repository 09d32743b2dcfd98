"""The command that runs a notebook: papermill from its own Python, the job's Python as kernel."""

import json
import os
import sys
from typing import Any, Dict, List, Optional

from .cells import NotebookError, read, tagged_cell
from .job import Job, StartError
from .places import Places
from .scratch import Scratch

RUNNER = "papermill_runner.py"
# Jupyter takes "python" and "python3" for the kernel of its own Python.
KERNEL = "fahr-job"


def notebook_command(
    job: Job, places: Places, output: str, environment: Dict[str, str], scratch: Scratch
) -> List[str]:
    """Give the command, and set in the environment what it needs.

    Raises StartError when the file is no notebook, or not one of Python's.
    """
    path = os.path.join(places.work, *job.artifact.split("/"))
    try:
        notebook = read(path)
    except (NotebookError, OSError) as error:
        raise StartError("{} can not be run: {}".format(job.artifact, error)) from error
    _check_language(job, notebook)
    stem = os.path.splitext(os.path.basename(path))[0]
    plan = {
        "notebook": path,
        "name": job.artifact,
        "executed": os.path.join(output, stem + ".executed.ipynb"),
        "folder": places.work,
        "kernel": KERNEL,
        "parameters": job.params if tagged_cell(notebook) is not None else {},
        "reason": scratch.path("reason"),
        "groups": scratch.path("groups"),
    }
    _write(scratch.path("plan.json"), json.dumps(plan))
    _write(scratch.path(RUNNER), _own_source(RUNNER))
    _name_kernel(places.python, environment, scratch)
    return [
        places.papermill_python or places.python,
        scratch.path(RUNNER),
        scratch.path("plan.json"),
    ]


def reason_left(scratch: Scratch) -> Optional[str]:
    """Give the reason that the notebook's run left, if it left one."""
    try:
        with open(scratch.path("reason"), encoding="utf-8") as file:
            return file.read() or None
    except OSError:
        return None


def _check_language(job: Job, notebook: Dict[str, Any]) -> None:
    metadata = notebook.get("metadata") or {}
    named = (metadata.get("kernelspec") or {}).get("language") or (
        metadata.get("language_info") or {}
    ).get("name")
    if named and "python" not in str(named).lower():
        raise StartError("{} is written in {}, not in Python".format(job.artifact, named))


def _name_kernel(python: str, environment: Dict[str, str], scratch: Scratch) -> None:
    """Let the kernel be the job's Python, whatever kernel the file names or this machine has."""
    kernels = scratch.path(os.path.join("jupyter", "kernels", KERNEL))
    os.makedirs(kernels)
    specification = {
        "argv": [python, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": "Python 3",
        "language": "python",
        "env": {"PYDEVD_DISABLE_FILE_VALIDATION": "1"},
    }
    _write(os.path.join(kernels, "kernel.json"), json.dumps(specification))
    paths = [scratch.path("jupyter"), environment.get("JUPYTER_PATH", "")]
    environment.update(
        JUPYTER_PATH=os.pathsep.join(path for path in paths if path),
        # The user's own folders may not be writable, and their settings are not the job's.
        JUPYTER_RUNTIME_DIR=scratch.path("runtime"),
        IPYTHONDIR=scratch.path("ipython"),
    )


def _own_source(name: str) -> str:
    """Read a file of the launcher's, which may be a zip."""
    loader: Any = getattr(sys.modules[__name__], "__loader__", None)
    data: bytes = loader.get_data(os.path.join(os.path.dirname(__file__), name))
    return data.decode("utf-8")


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
