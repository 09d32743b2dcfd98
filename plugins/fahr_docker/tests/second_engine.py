"""An engine of a test's own, to be stopped and filled up: apart from the machine's.

It has namespaces of its own: its bridge is not the first one's, and what it starts and mounts
goes with it.
"""

from __future__ import annotations

import io
import socket
import subprocess
import tarfile
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest

from fahr_docker.engine.finding import find_engine
from real_registry import REQUIRED, need_program

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fahr_docker.engine.local import Engine

#: What a shell needs, taken from this machine: the engine has no image and no network.
PROGRAMS = ("/bin/sh", "/bin/sleep")
BASE = "fahr-test/shell:1"


@dataclass
class SecondEngine:
    """A running engine; ``stop`` kills it as a crash would."""

    process: subprocess.Popen[bytes]
    folder: Path

    @property
    def address(self) -> str:
        """What DOCKER_HOST is set to."""
        return f"unix://{self.folder / 'docker.sock'}"

    def stop(self) -> None:
        """Kill it, and with it all that runs in its namespaces."""
        self.process.kill()
        self.process.wait()


@contextmanager
def second_engine(megabytes: int) -> Iterator[SecondEngine]:
    """Run an engine whose disk has a size, for as long as the block lasts."""
    for program in ("dockerd", "unshare", "mount"):
        need_program(program)
    # Not pytest's folder: the path of a socket has at most 104 characters.
    with (
        TemporaryDirectory(prefix="fahr-") as name,
        small_disk(Path(name), megabytes) as data,
        running_engine(Path(name), data) as engine,
    ):
        yield engine


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    """Mount a file system of so many megabytes for as long as the block lasts."""
    data = folder / "data"
    data.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(data)], check=False
    )
    if done.returncode:
        if REQUIRED:
            pytest.fail("tmpfs cannot be mounted", pytrace=False)
        pytest.skip("tmpfs cannot be mounted: not root")
    try:
        yield data
    finally:
        subprocess.run(["umount", "--lazy", str(data)], check=True)


@contextmanager
def running_engine(folder: Path, data: Path) -> Iterator[SecondEngine]:
    """Run an engine on a data folder for as long as the block lasts."""
    command = [
        "unshare", "--net", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child",
        "dockerd", f"--data-root={data}", f"--exec-root={folder / 'exec'}",
        f"--pidfile={folder / 'pid'}", f"--host=unix://{folder / 'docker.sock'}",
        "--iptables=false", "--ip6tables=false", "--ip-forward=false", "--ip-masq=false",
    ]  # fmt: skip
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    engine = SecondEngine(process, folder)
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("DOCKER_HOST", engine.address)
            with _answering(engine) as client:
                _import_shell(client)
            yield engine
    finally:
        engine.stop()


def _answering(engine: SecondEngine) -> Engine:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and engine.process.poll() is None:
        if _listens(engine.folder / "docker.sock"):
            with suppress(Exception):
                return find_engine()
        time.sleep(0.1)
    pytest.fail(f"the second engine did not start: {(engine.folder / 'log').read_text()}")


def _listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as one:
        return one.connect_ex(str(path)) == 0


def _import_shell(engine: Engine) -> None:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", dereference=True) as archive:
        for path in dict.fromkeys([*PROGRAMS, *_libraries()]):
            archive.add(path)
    stream.seek(0)
    name, _, tag = BASE.partition(":")
    engine.client.api.import_image_from_data(stream.getvalue(), repository=name, tag=tag)


def _libraries() -> list[str]:
    found = subprocess.run(["ldd", *PROGRAMS], capture_output=True, text=True, check=True).stdout
    return [word for word in found.split() if word.startswith("/") and not word.endswith(":")]
