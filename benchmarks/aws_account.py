"""An account at the test cloud in which jobs are accepted and wait, for as long as it is asked.

Run as a program it prints, as one line of JSON, the variables that lead there, the role and the
registry's login; it needs what the tests of fahr-sagemaker need, and is given an environment of
its own.  No job gets a machine, so that none runs beside what is measured.
"""

from __future__ import annotations

import json
import os
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
BUCKET, ROLE = "models", "trainer"


@dataclass(frozen=True)
class Account:
    """What leads to an account: variables, the role's ARN, the registry's host and its login."""

    variables: Mapping[str, str]
    role: str
    registry: str
    login: str


def environment(place: Path, group: str) -> Path:
    """Make an environment with what a group of fahr-sagemaker asks for; give its Python."""
    text = (ROOT / "plugins/fahr_sagemaker/pyproject.toml").read_text(encoding="utf-8")
    wanted = tomllib.loads(text)["dependency-groups"][group]
    python = place / "bin" / "python"
    # The Python is named for each: nox has a variable that would lead uv to the session's own.
    make = ["uv", "venv", "--quiet", f"--python={sys.executable}", str(place)]
    fill = ["uv", "pip", "install", "--quiet", "--compile-bytecode", f"--python={python}", *wanted]
    for command in (make, fill):
        subprocess.run(command, check=True)
    return python


@contextmanager
def aws_account(folder: Path) -> Iterator[Account]:
    """Run the account for as long as the block lasts."""
    command = [str(environment(folder / "cloud", "test")), str(Path(__file__))]
    own = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=own) as process:
        try:
            assert process.stdout
            found = process.stdout.readline()
            if not found:
                raise SystemExit("the test cloud does not start")
            yield Account(**json.loads(found))
        finally:
            process.terminate()


def main() -> None:
    """Serve until the process is told to end."""
    import signal

    from tests.clouds.aws import Cloud

    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    cloud = Cloud()
    try:
        cloud.bucket(BUCKET)
        role = cloud.role(ROLE)
        (login,) = cloud.client("ecr").get_authorization_token()["authorizationData"]
        host = str(login["proxyEndpoint"]).rpartition("//")[2]
        with cloud.no_capacity():
            found = Account(cloud.variables, role, host, login["authorizationToken"])
            print(json.dumps(vars(found)), flush=True)
            signal.sigwait({signal.SIGINT, signal.SIGTERM})
    finally:
        cloud.close()


if __name__ == "__main__":
    main()
