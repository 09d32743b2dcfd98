"""The hosts of a training job: containers on the real engine, with a network between them."""

from __future__ import annotations

import contextlib
import os
import re
import tarfile
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.clouds.aws import layout

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.clouds.aws.training_job import TrainingJob

#: Holds the network of each host; made by .ci/engine.
PAUSE_IMAGE = "python:3.11-slim-bookworm"
PAUSE = (Path(__file__).parent / "pause.py").read_text(encoding="utf-8")
LABEL = "fahr-test-cloud"


class Host:
    """One machine of a job: a container in a network that another one holds."""

    def __init__(self, name: str, container: Any) -> None:
        """Take its name and the job's container."""
        self.name, self.container = name, container
        self.exit_code: int | None = None
        self.ended = float("inf")

    def start(self, told: Callable[[], None]) -> None:
        """Start the job's container; call when it has ended."""
        self.container.start()

        def watch() -> None:
            code = int(self.container.wait()["StatusCode"])
            self.ended, self.exit_code = time.monotonic(), code
            told()

        threading.Thread(target=watch, daemon=True).start()

    def signal(self, name: str) -> None:
        """Send a signal, unless the container has ended."""
        from docker.errors import APIError

        with contextlib.suppress(APIError):
            self.container.kill(signal=name)

    def copy_out(self, path: str, folder: Path) -> Path:
        """Copy a folder of the container; give where its content lies, empty where it is not."""
        from docker.errors import APIError, NotFound

        place = folder / "copied"
        place.mkdir(parents=True)
        with tempfile.TemporaryFile() as file:
            with contextlib.suppress(NotFound, APIError):
                for piece in self.container.get_archive(path)[0]:
                    file.write(piece)
            if file.tell():
                file.seek(0)
                with tarfile.open(fileobj=file) as tar:
                    tar.extractall(place, filter="tar")
        found = place / Path(path).name
        return found if found.exists() else place


class Hosts:
    """All machines of one attempt of a job."""

    def __init__(self, engine: Any, job: TrainingJob, image: str) -> None:
        """Take the engine, the job and the image that was pulled."""
        self._engine, self._job, self._image = engine, job, image
        self._isolated = bool(job.request.get("EnableNetworkIsolation"))
        self._network: Any = None
        self._made: list[Any] = []
        self.all: list[Host] = []

    def make(self, variables: dict[str, str], address: tuple[str, int], folder: Path) -> None:
        """Make the containers, with what they find in them, and start none.

        Args:
            variables: the environment of the job's containers.
            address: where the services listen, seen from a container.
            folder: for each host a folder of its name with what was downloaded for it.
        """
        if len(self._job.hosts) > 1:
            self._network = self._engine.networks.create(
                f"{LABEL}-{os.urandom(6).hex()}",
                internal=self._isolated,
                labels={LABEL: self._job.name},
            )
        for name in self._job.hosts:
            pause = self._hold_network(name, address)
            container = self._engine.api.create_container(
                self._image,
                host_config=self._engine.api.create_host_config(
                    network_mode=f"container:{pause.id}",
                    mounts=[_opt_ml()],
                    shm_size=256 << 20,
                    devices=_gpus(self._job),
                ),
                labels={LABEL: self._job.name},
                environment=variables,
                **self._command(),
            )
            made = self._engine.containers.get(container["Id"])
            self._made.append(made)
            self.all.append(Host(name, made))
            made.put_archive("/", layout.archive(self._job, name, folder / name))

    def remove(self) -> None:
        """Remove everything that was made."""
        from docker.errors import APIError

        for container in reversed(self._made):
            with contextlib.suppress(APIError):
                container.remove(force=True, v=True)
        if self._network:
            with contextlib.suppress(APIError):
                self._network.remove()

    def _command(self) -> dict[str, Any]:
        algorithm = self._job.request["AlgorithmSpecification"]
        command = {"command": algorithm.get("ContainerArguments", ["train"])}
        if "ContainerEntrypoint" in algorithm:
            command["entrypoint"] = algorithm["ContainerEntrypoint"]
            command["command"] = algorithm.get("ContainerArguments", [])
        return command

    def _hold_network(self, name: str, address: tuple[str, int]) -> Any:
        led = [] if self._isolated else [address[0], str(address[1])]
        options: dict[str, Any] = {"network_mode": "none"} if self._isolated else {}
        if self._network:
            options = {"network": self._network.name}
        pause = self._engine.containers.create(
            PAUSE_IMAGE,
            ["python3", "-c", PAUSE, *led],
            hostname=name,
            cap_add=["NET_ADMIN"],
            labels={LABEL: self._job.name},
            **options,
        )
        self._made.append(pause)
        if self._network:  # joined again, since only joining takes the name that others ask for
            self._network.disconnect(pause)
            self._network.connect(pause, aliases=[name])
        pause.start()
        self._await_ready(pause)
        return pause

    def _await_ready(self, pause: Any) -> None:
        # Not by a stream: the client has no clean way to leave one that goes on.
        deadline = time.monotonic() + 60
        while b"ready" not in (told := pause.logs()):
            if time.monotonic() > deadline:
                raise RuntimeError(f"a job's network did not come up: {told.decode()}")
            time.sleep(0.02)


def _opt_ml() -> Any:
    """Mount a fresh /opt/ml, which hides what the image has there."""
    from docker.types import Mount

    return Mount("/opt/ml", None, type="volume", no_copy=True)


def _gpus(job: TrainingJob) -> list[str]:
    """Give the device that a job sees on a machine with a GPU; nothing can be computed with it."""
    instance = job.request["ResourceConfig"].get("InstanceType", "")
    return ["/dev/null:/dev/nvidia0:rwm"] if re.match(r"ml\.[gp]\d", instance) else []
