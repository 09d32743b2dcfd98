"""Runs a stand-in by hand: ``python -m tests.clouds.kaggle FOLDER``, until it is interrupted.

It prints the variables by which a shell's commands come to it.
"""

from __future__ import annotations

import sys
import threading
from pathlib import Path

from .cloud import running
from .namespaces import why_not


def main(folder: str) -> None:
    """Run it, with its files in a folder."""
    if reason := why_not():
        raise SystemExit(f"error: {reason}")
    with running(Path(folder).resolve()) as cloud:
        print("unset no_proxy NO_PROXY")
        for name, value in cloud.environment().items():
            print(f"export {name}={value}")
        sys.stdout.flush()
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            print("stopped", file=sys.stderr)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(f"usage: python -m {__package__} FOLDER")
    main(sys.argv[1])
