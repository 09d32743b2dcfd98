"""Runs the cloud until it is interrupted, and prints the variables that lead to it.

``python -m tests.clouds.aws models:trainer`` makes the bucket ``models`` and the role ``trainer``.
"""

from __future__ import annotations

import signal
import sys

from tests.clouds.aws.cloud import Cloud


def main(words: list[str]) -> None:
    """Run it."""
    cloud = Cloud()
    bucket, _, role = (words[0] if words else "models:trainer").partition(":")
    cloud.bucket(bucket)
    cloud.role(role)
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
