"""Whether this machine can give a session files, processes and a network of its own."""

from __future__ import annotations

import functools
import os
import subprocess

OWN = ("--mount", "--pid", "--fork", "--kill-child", "--mount-proc")
NO_NETWORK = "--net"


def unshare(*, network: bool) -> list[str]:
    """Give the command that starts another one in namespaces of its own."""
    user = [] if os.geteuid() == 0 else ["--map-root-user"]
    return ["unshare", *user, *OWN, *([] if network else [NO_NETWORK])]


@functools.cache
def why_not() -> str:
    """Tell why sessions cannot run here; empty when they can."""
    command = [*unshare(network=False), "mount", "-t", "tmpfs", "none", "/mnt"]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True)
    except FileNotFoundError:
        return "the program unshare is not installed"
    except subprocess.CalledProcessError as error:
        return f"no private namespaces here: {error.stderr.strip()}"
    return ""
