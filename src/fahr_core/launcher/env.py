"""Installs an environment from its lock, where no image brings it."""

import os
import re
import shutil
import subprocess
from typing import List, Optional

from .job import StartError

# The lock marks in comments what hashes can not cover.
UNHASHED = re.compile(r"(?m)^# unhashed: (.+)$")
CONDA = re.compile(r"(?m)^# conda: ")
SHOWN = 15  # lines of a failed installer's output


def install(lock_path: str, folder: str, python: str, whole: bool = True) -> str:
    """Make an environment in `folder` from a lock; give its interpreter.

    Arguments: the lock, a requirements file with hashes; the Python to make it of; `whole` is
    false where packages that the lock's own need are elsewhere, and only what it names is
    installed. uv does it where it is on PATH, else venv and pip. A folder that holds this lock's
    environment already is left as it is. Raises StartError with the last lines of what the
    installer said.
    """
    with open(lock_path, encoding="utf-8") as file:
        lock = file.read()
    if CONDA.search(lock):
        raise StartError("the environment has conda packages, which can not be installed here")
    interpreter = _interpreter(folder)
    done = os.path.join(folder, "fahr-environment.lock")
    if _content(done) == lock:
        return interpreter
    shutil.rmtree(folder, ignore_errors=True)
    uv = shutil.which("uv")
    _run(
        [uv, "venv", "--quiet", "--python", python, folder]
        if uv
        else [python, "-m", "venv", folder]
    )
    pip = [uv, "pip", "install", "--quiet", "--python", interpreter] if uv else None
    pip = pip or [interpreter, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    part = [] if whole else ["--no-deps"]
    _run([*pip, *part, "--require-hashes", "--requirement", lock_path])
    for requirement in UNHASHED.findall(lock):
        _run([*pip, "--no-deps", requirement])
    with open(done, "w", encoding="utf-8") as file:
        file.write(lock)
    return interpreter


def _interpreter(folder: str) -> str:
    parts = ("Scripts", "python.exe") if os.name == "nt" else ("bin", "python")
    return os.path.join(os.path.abspath(folder), *parts)


def _content(path: str) -> Optional[str]:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except OSError:
        return None


def _run(command: List[str]) -> None:
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
    except OSError as error:
        raise StartError("{} can not be started: {}".format(command[0], error)) from error
    if done.returncode:
        said = done.stdout.decode("utf-8", "replace").strip().splitlines()[-SHOWN:]
        raise StartError("\n".join(["the environment can not be installed:", *said]))
