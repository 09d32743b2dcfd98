"""The command line: it parses and prints; the same work is one call away from Python."""

from __future__ import annotations

import gc
import sys
from typing import NoReturn

__all__ = ["main"]


def main() -> NoReturn:
    """Run ``fahr`` with the arguments of this process and exit with its status."""
    try:
        from fahr_core.cli.app import run

        status = run(sys.argv[1:])
    except KeyboardInterrupt:  # while it was loaded
        status = 130
    # What is there goes with the process. Python would walk through all of it once more to see
    # what it may free: half a second where the model of a cloud's services was read.
    gc.freeze()
    sys.exit(status)
