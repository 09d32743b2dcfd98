"""Runs the cloud until it is interrupted, and prints the variables that lead to it.

``python -m tests.clouds.gcp models:trainer:images`` makes the bucket ``models``, the service
account ``trainer`` and the repository ``images``.
"""

from __future__ import annotations

import signal
import sys

from tests.clouds.gcp.cloud import Cloud


def main(words: list[str]) -> None:
    """Run it."""
    cloud = Cloud()
    names = (words[0] if words else "models:trainer:images").split(":")
    cloud.bucket(names[0])
    if len(names) > 1:
        print(f"# service account {cloud.service_account(names[1])}")
    if len(names) > 2:
        print(f"# images go to {cloud.repository(names[2])}")
    for name, value in cloud.variables.items():
        print(f"export {name}={value}")
    sys.stdout.flush()
    try:
        signal.sigwait({signal.SIGINT, signal.SIGTERM})
    finally:
        cloud.close()


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    main(sys.argv[1:])
