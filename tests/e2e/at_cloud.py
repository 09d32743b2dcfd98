"""The real ``fahr`` at a test cloud, as a person at a shell has it; and scripts that jobs run."""

from __future__ import annotations

import secrets
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tests.e2e.conftest import Fahr

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = [
    "ENVIRONMENTS",
    "LONG",
    "LOOK",
    "MODEL",
    "SAVE",
    "SUM",
    "AtCloud",
    "image_of_ones_own",
    "notebook",
]

LONG = 480  # seconds that a first image may take, on a machine with other things to do

#: Trains by a module of its own, and says where and with what.
MODEL = """
import os, pathlib
from net import layers
epochs = 1
name = "x"
print("trains", epochs, name, layers.DEEP, os.environ["FAHR_EXECUTION_ENVIRONMENT"])
pathlib.Path("out").mkdir()
pathlib.Path("out/model.txt").write_text("weights")
"""

#: Waits until it is asked to end, and saves then.
SAVE = """
import signal, sys, time
from pathlib import Path
def save(*_):
    Path("saved.txt").write_text("in time")
    sys.exit(0)
signal.signal(signal.SIGTERM, save)
print("ready", flush=True)
while True:
    time.sleep(0.05)
"""

#: Prints what its inputs hold.
LOOK = """
import os
from pathlib import Path
top = Path(os.environ["FAHR_INPUT_DIR"])
for path in sorted(top.rglob("*")):
    if path.is_file():
        print(path.relative_to(top).as_posix(), path.read_text())
"""

#: Adds up what each machine has.
SUM = """
import os, socket, time
rank, world = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
place = (os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"]))
mine = rank + 1
if rank == 0:
    with socket.create_server(("", place[1])) as server:
        server.settimeout(120)
        others = [server.accept()[0] for _ in range(world - 1)]
        total = mine + sum(int(other.recv(16)) for other in others)
        for other in others:
            other.sendall(str(total).encode())
else:
    until = time.time() + 120
    while True:
        try:
            first = socket.create_connection(place, 10)
            break
        except OSError:
            if time.time() > until:
                raise
            time.sleep(0.1)
    first.sendall(str(mine).encode())
    total = int(first.recv(16))
print("rank", rank, "of", world, "has the sum", total)
open("sum.txt", "w").write(str(total))
"""

#: Says which version of a package it has; :data:`ENVIRONMENTS` write it, and name the package.
SIX = "import six\nprint('six is', six.__version__)\n"


def requirements(fahr: Fahr) -> None:
    """Name a package in ``requirements.txt``."""
    fahr.write("requirements.txt", "six==1.17.0\n")
    fahr.write("train.py", SIX)


def uv_lock(fahr: Fahr) -> None:
    """Name a package in a project with a lock of uv's."""
    fahr.write(
        "pyproject.toml",
        '[project]\nname = "digits"\nversion = "1"\nrequires-python = ">=3.11"\n'
        'dependencies = ["six==1.17.0"]\n',
    )
    command = ["uv", "lock", "--quiet"]
    subprocess.run(command, cwd=fahr.folder, env=fahr.environment(), check=True, timeout=120)
    fahr.write("train.py", SIX)


def metadata_of_the_script(fahr: Fahr) -> None:
    """Name a package in the script itself."""
    lines = ["# /// script", '# dependencies = ["six==1.17.0"]', "# ///", SIX]
    fahr.write("train.py", "\n".join(lines))


#: Ways to say what a job needs.
ENVIRONMENTS = (requirements, uv_lock, metadata_of_the_script)


@contextmanager
def image_of_ones_own(engine: Any) -> Iterator[str]:
    """Make an image in which the variable COLOUR is ``blue``, for as long as the block lasts."""
    name, tag = "fahr-story/own", secrets.token_hex(4)
    container = engine.containers.create("python:3.11-slim-bookworm")
    try:
        container.commit(name, tag, conf={"Env": ["COLOUR=blue"]})
    finally:
        container.remove(force=True)
    try:
        yield f"{name}:{tag}"
    finally:
        engine.images.remove(f"{name}:{tag}", force=True)


class AtCloud(Fahr):
    """Runs ``fahr`` in a folder whose jobs go to a test cloud.

    Args:
        folder: The experiment.
        cloud: The test cloud, whose ``jobs`` are found by their names there.
        table: The driver's settings in ``fahr.toml``.
        drivers: The options that name the drivers.
    """

    def __init__(
        self, folder: Path, cloud: Any, table: tuple[str, ...], drivers: tuple[str, ...]
    ) -> None:
        super().__init__(folder)
        self.cloud, self.table, self.drivers = cloud, table, drivers
        self.settings()

    def settings(self, *lines: str) -> None:
        """Write what `fahr init` keeps: the settings without a default, and others."""
        self.write("fahr.toml", "\n".join([*lines, *self.table, ""]))

    def fit(self, *words: str, **options: Any) -> str:
        """Send a job and give its name."""
        options.setdefault("timeout", LONG)
        return str(self("fit", *words, *self.drivers, **options).line)

    def at_service(self, name: str) -> Any:
        """Give the job as the cloud has it."""
        return self.cloud.jobs[self.job(name)["remote_name"]]

    def sent(self, *words: str, **options: Any) -> tuple[str, Any]:
        """Send a job and wait for its end; give its name and the job at the cloud."""
        name = self.fit(*words, **options)
        return name, self.at_service(name).wait_for("final", timeout=LONG)

    def fetched(self, name: str, *words: str, **options: Any) -> dict[str, Path]:
        """Fetch a job's output and give its files by their paths."""
        folder = self.folder / self("fetch", "--wait", name, *words, **options).line
        files = [path for path in folder.rglob("*") if path.is_file()]
        return {path.relative_to(folder).as_posix(): path for path in files}

    def printed(self, name: str) -> list[str]:
        """Give the lines of a job."""
        return list(self("logs", name).stdout.splitlines())

    def begun(self, text: str, *words: str, eventually: Any, by: Any = None) -> str:
        """Send a script and wait until it says that it is ready; give the job's name."""
        self.write("train.py", text)
        name = self.fit("train.py", *words)
        if by is not None:
            by(self.at_service(name))
        eventually(lambda: "ready" in self.printed(name), timeout=120)
        return name


def notebook(*cells: tuple[str, ...]) -> str:
    """Give the JSON of a notebook; each cell is its source and its tags."""
    import json

    return json.dumps(
        {
            "cells": [
                {
                    "cell_type": "code",
                    "id": f"cell{number}",
                    "metadata": {"tags": list(tags)},
                    "outputs": [],
                    "execution_count": None,
                    "source": [source],
                }
                for number, (source, *tags) in enumerate(cells)
            ],
            "metadata": {},
            "nbformat": 4,
            "nbformat_minor": 5,
        }
    )
