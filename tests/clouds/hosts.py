"""The hosts of a job: containers on the real engine, with a network between them."""

from __future__ import annotations

import contextlib
import os
import tarfile
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

#: Holds the network of each host; made by .ci/engine.
PAUSE_IMAGE = "python:3.11-slim-bookworm"
PAUSE = (Path(__file__).parent / "pause.py").read_text(encoding="utf-8")
LABEL = "fahr-test-cloud"
#: The device that a job sees on a machine with a GPU; nothing can be computed with it.
GPU = "/dev/null:/dev/nvidia0:rwm"


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


@dataclass(frozen=True)
class Lead:
    """An address in a job's network, and where its port 80 leads: to the cloud's services."""

    address: str
    host: str
    port: int
    #: The name that means the address, where clients ask by one.
    name: str = ""


@dataclass(frozen=True)
class Outfit:
    """What the container of one host is started with."""

    name: str
    #: By digest or tag, and pulled.
    image: str
    command: list[str] | None
    environment: dict[str, str]
    entrypoint: list[str] | None = None
    #: A tar that is unpacked at the container's root.
    files: bytes = b""
    mounts: tuple[Any, ...] = ()
    gpu: bool = False


class Hosts:
    """All machines of one attempt of a job."""

    def __init__(self, engine: Any, job: str, *, isolated: bool = False) -> None:
        """Take the engine and the job's name, which marks what is made.

        Containers that are isolated reach nothing but each other.
        """
        self._engine, self._isolated = engine, isolated
        self._labels = {LABEL: job}
        self._network: Any = None
        self._made: list[Any] = []
        self._holders: list[Any] = []
        self.all: list[Host] = []

    def make(self, outfits: Sequence[Outfit], lead: Lead | None) -> None:
        """Make the containers, with what they find in them, and start none."""
        if len(outfits) > 1:
            self._network = self._engine.networks.create(
                f"{LABEL}-{os.urandom(6).hex()}", internal=self._isolated, labels=self._labels
            )
        for outfit in outfits:
            pause = self._hold_network(outfit.name, None if self._isolated else lead)
            container = self._engine.api.create_container(
                outfit.image,
                outfit.command,
                entrypoint=outfit.entrypoint,
                environment=outfit.environment,
                labels=self._labels,
                host_config=self._engine.api.create_host_config(
                    network_mode=f"container:{pause.id}",
                    mounts=list(outfit.mounts),
                    shm_size=256 << 20,
                    devices=[GPU] if outfit.gpu else [],
                ),
            )
            made = self._engine.containers.get(container["Id"])
            self._made.append(made)
            self.all.append(Host(outfit.name, made))
            if outfit.files:
                made.put_archive("/", outfit.files)

    def remove(self) -> None:
        """Remove everything that was made."""
        from docker.errors import APIError

        for container in reversed(self._made):
            with contextlib.suppress(APIError):
                container.remove(force=True, v=True)
        if self._network:
            with contextlib.suppress(APIError):
                self._network.remove()

    @property
    def addresses(self) -> set[str]:
        """Give the hosts' addresses, by which others see them."""
        found = set()
        for container in self._holders:
            container.reload()
            networks = container.attrs["NetworkSettings"]["Networks"].values()
            found |= {each["IPAddress"] for each in networks if each["IPAddress"]}
        return found

    @property
    def running(self) -> list[Host]:
        """Give those that have not ended."""
        return [host for host in self.all if host.exit_code is None]

    @property
    def failed(self) -> list[Host]:
        """Give those that ended with an error, the first one first."""
        found = [host for host in self.all if host.exit_code]
        return sorted(found, key=lambda host: host.ended)

    def end(self, changed: threading.Condition, grace: float, hurry: Callable[[], bool]) -> None:
        """Send SIGTERM, and SIGKILL after the grace; give back when all have ended.

        Args:
            changed: told when a host ends.
            grace: seconds.
            hurry: tells whether there is no grace, or no more.
        """
        for host in self.running:
            host.signal("SIGKILL" if hurry() else "SIGTERM")
        deadline = time.monotonic() + grace
        while self.running and time.monotonic() < deadline and not hurry():
            with changed:
                changed.wait(0.1)
        for host in self.running:
            host.signal("SIGKILL")
        while self.running:
            with changed:
                changed.wait(0.1)

    def _hold_network(self, name: str, lead: Lead | None) -> Any:
        led = [lead.address, lead.host, str(lead.port)] if lead else []
        options: dict[str, Any] = {"network_mode": "none"} if self._isolated else {}
        if self._network:
            options = {"network": self._network.name}
        pause = self._engine.containers.create(
            PAUSE_IMAGE,
            ["python3", "-c", PAUSE, *led],
            hostname=name,
            cap_add=["NET_ADMIN"],
            labels=self._labels,
            extra_hosts={lead.name: lead.address} if lead and lead.name else {},
            **options,
        )
        self._made.append(pause)
        self._holders.append(pause)
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


def gateway(engine: Any) -> str:
    """Give where containers reach this machine: its end of the engine's bridge."""
    bridge = engine.networks.get("bridge").attrs
    return str(bridge["IPAM"]["Config"][0]["Gateway"])


def lines(container: Any, *, out: bool = True, err: bool = True) -> Iterator[bytes]:
    """Give a container's lines as they come, until it ends."""
    left = b""
    for piece in container.logs(stream=True, follow=True, stdout=out, stderr=err):
        *whole, left = (left + piece).split(b"\n")
        yield from whole
    if left:
        yield left
