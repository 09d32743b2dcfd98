"""Kills ``fahr fit`` before its n-th step that changes what lies on the disk or what runs.

Between two such steps nothing that outlives the process changes, but for the ledger's
transactions, and each of those begins with a step: so the walk over all n meets every state
that a kill can leave behind.  ``KILL_AT`` is n, ``KILL_LOG`` a file that the steps are noted
in.  The steps are Python's audit events.

``SLOW_PYTHON`` is what ``fahr fit`` takes for its own Python when it starts another process.
"""

import os
import signal
import sys

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
CHANGES = (
    "os.link",
    "os.mkdir",
    "os.remove",
    "os.rename",
    "os.rmdir",
    "os.symlink",
    "sqlite3.connect",
    "subprocess.Popen",
)


def watch(kill_at: int, log: str) -> None:
    notes = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    steps = 0

    def audit(event: str, arguments: tuple) -> None:
        nonlocal steps
        opens = event == "open" and isinstance(arguments[2], int) and arguments[2] & WRITING
        if not opens and event not in CHANGES:
            return
        steps += 1
        os.write(notes, f"{steps} {event} {arguments[0]!r}\n".encode())
        if steps == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(audit)


if "fit" in sys.orig_argv:  # not in what it starts
    if "KILL_AT" in os.environ:
        watch(int(os.environ["KILL_AT"]), os.environ["KILL_LOG"])
    sys.executable = os.environ.get("SLOW_PYTHON", sys.executable)
