"""The command line: it parses and prints; the same work is one call away from Python."""

from __future__ import annotations

import sys
from typing import NoReturn

__all__ = ["main"]


def main() -> NoReturn:
    """Run ``fahr`` with the arguments of this process and exit with its status."""
    from fahr_core.cli.app import run

    sys.exit(run(sys.argv[1:]))
