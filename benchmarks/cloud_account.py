"""An account at a test cloud in which jobs are accepted and wait, for as long as it is asked.

The cloud runs as a program of its own, in an environment with what the tests of the cloud's plugin
need; as one line of JSON it prints what leads there.  No job gets a machine, so that none runs
beside what is measured.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tomllib
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).parents[1]
SIGNALS = {signal.SIGINT, signal.SIGTERM}


@dataclass(frozen=True)
class Account:
    """What leads to an account: variables, the role of jobs, where images go, the login there."""

    variables: Mapping[str, str]
    role: str
    repository: str
    login: str


@contextmanager
def account(plugin: str, program: Path, folder: Path) -> Iterator[Account]:
    """Run the program of an account for as long as the block lasts.

    All clients of this process, docker too, are led there.
    """
    command = [str(environment(folder / "cloud", plugin, "test")), str(program)]
    own = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=own) as process:
        try:
            assert process.stdout
            found = process.stdout.readline()
            if not found:
                raise SystemExit("the test cloud does not start")
            with _led_to(Account(**json.loads(found)), folder / "docker") as led:
                yield led
        finally:
            process.terminate()


@contextmanager
def _led_to(account: Account, folder: Path) -> Iterator[Account]:
    """Set the variables, and let docker push."""
    folder.mkdir()
    login = {"auths": {account.repository.partition("/")[0]: {"auth": account.login}}}
    (folder / "config.json").write_text(json.dumps(login), encoding="utf-8")
    before = dict(os.environ)
    os.environ.update(account.variables, DOCKER_CONFIG=str(folder))
    try:
        yield account
    finally:
        os.environ.clear()
        os.environ.update(before)


def environment(place: Path, plugin: str, group: str) -> Path:
    """Make an environment with what a plugin and a group of it ask for; give its Python."""
    text = (ROOT / "plugins" / plugin / "pyproject.toml").read_text(encoding="utf-8")
    project = tomllib.loads(text)
    needed = project["project"]["dependencies"]
    wanted = [each for each in needed if not each.startswith("fahr-")]
    wanted += project["dependency-groups"][group]
    python = place / "bin" / "python"
    # The Python is named for each: nox has a variable that would lead uv to the session's own.
    make = ["uv", "venv", "--quiet", f"--python={sys.executable}", str(place)]
    fill = ["uv", "pip", "install", "--quiet", "--compile-bytecode", f"--python={python}", *wanted]
    for command in (make, fill):
        subprocess.run(command, check=True)
    return python


def serve(account: Account) -> None:
    """Tell of an account, and wait until the process is told to end; the signals are blocked."""
    print(json.dumps(vars(account)), flush=True)
    signal.sigwait(SIGNALS)
