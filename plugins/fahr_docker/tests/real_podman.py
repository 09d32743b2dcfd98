"""Podman on this machine, apart from any other: images, containers and socket of a test's own."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# What this machine needs of a container's limits and runtime is not Podman's default everywhere.
_SETTINGS = """
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
{runtime}
[network]
network_backend = "netavark"
"""


@contextmanager
def running_podman(images: Sequence[str]) -> Iterator[str]:
    """Run Podman's service with images of Docker's for as long as the block lasts.

    Gives its address. Skips where there is no Podman, or it runs no containers here.
    """
    if shutil.which("podman") is None:
        pytest.skip("podman is not installed")
    # Not pytest's folder: the path of a socket has at most 104 characters.
    with TemporaryDirectory(prefix="fahr-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        runtime = 'runtime = "runc"' if shutil.which("runc") else ""
        (folder / "containers.conf").write_text(_SETTINGS.format(runtime=runtime))
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("CONTAINERS_CONF", str(folder / "containers.conf"))
            podman = ["podman", f"--root={folder / 'root'}", f"--runroot={folder / 'run'}"]
            _load(podman, images, folder)
            with _service(podman, folder / "podman.sock") as address:
                yield address


def _load(podman: list[str], images: Sequence[str], folder: Path) -> None:
    archive = folder / "images.tar"
    subprocess.run(["docker", "save", "--output", archive, *images], check=True)
    done = subprocess.run([*podman, "load", "--input", archive], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    archive.unlink()
    for image in images:
        if "." not in image.partition("/")[0]:  # Docker Hub's, which Docker saves without its host
            path = image if "/" in image else f"library/{image}"
            tag = ["tag", f"localhost/{image}", f"docker.io/{path}"]
            subprocess.run([*podman, *tag], check=True)
    tried = subprocess.run([*podman, "run", "--rm", images[0], "true"], capture_output=True)
    if tried.returncode:
        pytest.skip(f"podman runs no containers here: {tried.stderr.decode()[-200:]}")


@contextmanager
def _service(podman: list[str], path: Path) -> Iterator[str]:
    process = subprocess.Popen(
        [*podman, "system", "service", "--time=0", f"unix://{path}"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 60
        while not _listens(path):
            assert time.monotonic() < deadline, "podman's service does not answer"
            assert process.poll() is None, "podman's service ended"
            time.sleep(0.05)
        yield f"unix://{path}"
    finally:
        process.terminate()
        process.wait()
        subprocess.run([*podman, "rm", "--all", "--force"], capture_output=True, check=False)


def _listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as one:
        return one.connect_ex(str(path)) == 0
