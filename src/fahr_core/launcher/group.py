"""A child in a process group of its own, which is ended as a whole."""

import os
import signal
import subprocess
import time
from contextlib import suppress
from typing import Dict, List, Optional

WINDOWS = os.name == "nt"


class Group:
    """A started child and all that it starts.

    `others` names a file in which the child may list further process groups, one id a line
    with a minus sign as kill(1) takes it: a notebook's kernel lives in its own.
    """

    def __init__(
        self, command: List[str], folder: str, environment: Dict[str, str], others: str = os.devnull
    ) -> None:
        apart = {"creationflags": 0x200} if WINDOWS else {"start_new_session": True}
        self.child = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            **apart,
        )
        self._others = others
        self._guard = None if WINDOWS else _Guard(self.child.pid, others)

    def terminate(self) -> None:
        """Ask the group to end. The other groups are the child's to end."""
        if WINDOWS:
            self.child.send_signal(signal.CTRL_BREAK_EVENT)  # type: ignore[attr-defined]
        else:
            _signal(self.child.pid, signal.SIGTERM)

    def kill(self) -> None:
        """End everything at once."""
        if WINDOWS:
            tree = ["taskkill", "/T", "/F", "/PID", str(self.child.pid)]
            subprocess.call(tree, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            return
        for group in self._groups():
            _signal(group, signal.SIGKILL)

    def settle(self, patience: float, asked: bool) -> None:
        """See the group empty after the child's end; what stays is killed.

        Arguments: `patience` in seconds, and whether the group was already asked to end.
        """
        if not WINDOWS and self._alive() and not asked:
            self.terminate()
        until = time.monotonic() + patience
        while not WINDOWS and self._alive():
            if time.monotonic() > until:
                self.kill()
                break
            reap_orphans(self.child.pid)
            time.sleep(0.02)
        if self._guard:
            self._guard.dismiss()

    def _groups(self) -> List[int]:
        groups = [self.child.pid]
        # None is listed, or the child died while it wrote.
        with suppress(OSError, ValueError), open(self._others, encoding="ascii") as file:
            groups += [abs(int(line)) for line in file.read().split()]
        return groups

    def _alive(self) -> bool:
        return any(_signal(group, 0) for group in self._groups())


class _Guard:
    """Kills the job's groups when the launcher itself is killed.

    A shell waits on a pipe that only the launcher holds open; the pipe's end without a word
    means that the launcher is gone. PR_SET_PDEATHSIG would need code between fork and exec,
    exists on Linux alone, and reaches only the child: the python under `run.sh` would stay.
    """

    SCRIPT = 'read -r word || kill -s KILL -- "-$1" $(cat "$2" 2>/dev/null)'

    def __init__(self, group: int, others: str) -> None:
        read, self._write = os.pipe()
        self._shell: Optional[subprocess.Popen] = None  # type: ignore[type-arg]
        with suppress(OSError):  # an image without a shell: the job outlives a killed launcher
            self._shell = subprocess.Popen(
                ["/bin/sh", "-c", self.SCRIPT, "fahr-guard", str(group), others],
                stdin=read,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd="/",
                start_new_session=True,
            )
        os.close(read)

    def dismiss(self) -> None:
        if self._shell:
            with suppress(OSError):  # the guard was killed
                os.write(self._write, b"done\n")
            self._shell.wait()
        os.close(self._write)


def _signal(group: int, number: int) -> bool:
    try:
        os.killpg(group, number)
        return True
    except (ProcessLookupError, PermissionError):
        # macOS answers EPERM for a group of zombies; a group we may not signal is not ours.
        return False


def reap_orphans(child: int) -> None:
    """Collect the dead that were left to us: as a container's first process we inherit them."""
    if os.getpid() != 1 or not hasattr(os, "waitid"):
        return
    try:
        while True:
            dead = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            if dead is None or dead.si_pid == child:
                return
            os.waitpid(dead.si_pid, os.WNOHANG)
    except ChildProcessError:
        return
