"""What an engine tells of itself and its machine."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fahr_docker.train_driver.connection import asked

if TYPE_CHECKING:
    from fahr_docker.engine.local import Engine

__all__ = ["Facts", "facts_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """An engine's machine: ``memory`` in bytes, 0 where unknown; ``folder`` is the engine's."""

    is_here: bool
    is_rootless: bool
    maps_users: bool
    labels_files: bool
    has_gpus: bool
    memory: int
    cpus: int
    folder: str

    @property
    def shares_files(self) -> bool:
        """Whether a path means the same to the engine, and its containers may read there."""
        return self.is_here and not self.maps_users


def facts_of(engine: Engine) -> Facts:
    """Ask an engine for what matters to jobs.

    Raises:
        EngineLost: it stopped answering.
    """
    with asked(engine, "asking the engine"):
        told = engine.client.api.info()
    options = [str(text) for text in told.get("SecurityOptions") or ()]
    return Facts(
        is_here=_is_here(engine, str(told.get("Name") or "")),
        is_rootless=_has(options, "rootless"),
        maps_users=_has(options, "userns"),
        labels_files=_has(options, "selinux"),
        has_gpus="nvidia" in (told.get("Runtimes") or {}) or _has_devices(told),
        memory=int(told.get("MemTotal") or 0),
        cpus=int(told.get("NCPU") or 0),
        folder=str(told.get("DockerRootDir") or ""),
    )


def _is_here(engine: Engine, name: str) -> bool:
    """Tell whether the engine runs on this machine and not in a virtual one, or elsewhere.

    A socket may lead anywhere: into Docker Desktop's machine, or out of a container.
    """
    return engine.address.startswith("unix://") and name == socket.gethostname() and os.name != "nt"


def _has(options: list[str], name: str) -> bool:
    return any(f"name={name}" in option.split(",") for option in options)


def _has_devices(told: dict[str, object]) -> bool:
    """Tell whether the engine found GPUs by CDI. Source: "DiscoveredDevices", Engine API 1.50."""
    return "nvidia.com/gpu" in str(told.get("DiscoveredDevices") or "")
