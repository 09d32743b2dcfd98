"""Which process on which boot of which machine: to tell whether an owner is still alive.

A process id alone is reused; with the time at which the process started it is not.  On
Linux that time is read from ``/proc`` (`proc(5)`, field 22), which costs nothing;
elsewhere psutil asks the system.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

__all__ = ["ProcessId", "boot_id", "host", "is_alive", "this_process"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessId:
    """A process, for ever: host, boot of the host, process id and its start."""

    host: str
    boot: str
    pid: int
    started: str


def this_process() -> ProcessId:
    """Give the identity of the process that asks."""
    pid = os.getpid()
    return ProcessId(host=host(), boot=boot_id(), pid=pid, started=_started(pid) or "")


def is_alive(process: ProcessId) -> bool:
    """Tell whether a process of this machine still runs.

    A process of another host is taken to be alive: only its own host can tell.
    """
    if process.host != host():
        return True
    return process.boot == boot_id() and process.started == _started(process.pid)


def host() -> str:
    """Give this machine's name on its network."""
    if hasattr(os, "uname"):
        return os.uname().nodename
    import platform

    return platform.node()


def boot_id() -> str:
    """Give what names this boot of the machine."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        import psutil

        return str(int(psutil.boot_time()))


def _started(pid: int) -> str | None:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return None if Path("/proc/self/stat").exists() else _started_elsewhere(pid)
    except OSError:  # the process ended between opening and reading
        return None
    state, *fields = stat.rpartition(")")[2].split()
    return None if state == "Z" else fields[18]


def _started_elsewhere(pid: int) -> str | None:
    import psutil

    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else str(process.create_time())
    except psutil.NoSuchProcess:
        return None
