"""A real registry on this machine: Debian's docker-registry, with a password or with tokens."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from fahr_core.models import Login
from fahr_docker.registry import Patience, Registry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

USERNAME, SECOND_USERNAME, PASSWORD = "tester", "other", "right-password"
# What `htpasswd -Bbn -C 5 NAME right-password` prints.
HASHED = "$2y$05$YzmnKsEqycSbLImoMBV8M.Nw2LQN3FNFB3n.tafAnUp6HF/VFUfGy"
HTPASSWD = f"{USERNAME}:{HASHED}\n{SECOND_USERNAME}:{HASHED}\n"
QUICK = Patience(first_delay=0.01, longest_delay=0.05, answer=30, longest_pause=1)
PROGRAM = "docker-registry"
# Taken at import: each test begins without the caller's FAHR_ variables.
REQUIRED = os.environ.get("FAHR_REQUIRE_ENGINE") == "1"


def need_program(name: str) -> None:
    """Skip visibly where a program is missing, or fail where nothing may be skipped."""
    if shutil.which(name) is not None:
        return
    if REQUIRED:
        pytest.fail(f"{name} is not installed", pytrace=False)
    pytest.skip(f"{name} is not installed")


@dataclass(frozen=True)
class RealRegistry:
    """A running registry; ``host`` is where it listens."""

    host: str
    folder: Path

    def login(self, password: str = PASSWORD) -> Login:
        return Login(self.host, USERNAME, password)

    def repository(self, name: str, *, at: str | None = None, **options) -> Registry:
        """Open a repository, through a proxy when ``at`` names one."""
        host = at or self.host
        options = {"login": lambda: Login(host, USERNAME, PASSWORD), "patience": QUICK} | options
        return Registry(host, name, options.pop("login"), **options)


@contextmanager
def running(folder: Path, auth: dict | None = None) -> Iterator[RealRegistry]:
    """Run a registry in a folder for as long as the block lasts."""
    need_program(PROGRAM)
    if auth is None:
        (folder / "htpasswd").write_text(HTPASSWD)
        auth = {"htpasswd": {"realm": "test", "path": str(folder / "htpasswd")}}
    config = {
        "version": "0.1",
        "log": {"level": "info", "accesslog": {"disabled": True}},
        "storage": {
            "filesystem": {"rootdirectory": str(folder / "data")},
            "delete": {"enabled": True},
        },
        "http": {"addr": "127.0.0.1:0", "secret": "of-this-test"},
        "auth": auth,
    }
    (folder / "config.yml").write_text(json.dumps(config))  # JSON is YAML
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [PROGRAM, "serve", str(folder / "config.yml")], stdout=log, stderr=log
        )
    try:
        yield RealRegistry(f"127.0.0.1:{_port(process, folder / 'log')}", folder)
    finally:
        process.kill()
        process.wait()


def _port(process: subprocess.Popen, log: Path) -> int:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        if found := re.search(r"listening on 127\.0\.0\.1:(\d+)", log.read_text()):
            return int(found.group(1))
        time.sleep(0.02)
    pytest.fail(f"the registry did not start: {log.read_text()}")
