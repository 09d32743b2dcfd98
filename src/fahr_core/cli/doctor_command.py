"""Check this machine and your accounts.

ok: fine; skip: not needed here; WARN: may surprise you; FIX: jobs from this
folder would fail. Ends with 2 if there is something to fix.

Examples::

  fahr doctor
  fahr doctor --train-driver=sagemaker
  fahr doctor --json
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from fahr_core.cli import console, options

if TYPE_CHECKING:
    from fahr_core.machine_checks import Check

__all__ = ["command"]

_STYLES = {"ok": "green", "skip": "dim", "WARN": "yellow", "FIX": "red"}


def command(train_driver: options.TrainDriver = None, as_json: options.Json = False) -> int:
    """Examine."""
    from fahr_core.doctor import examine

    checks = []
    for check in examine(Path.cwd(), train_driver):
        checks.append(check)
        if not as_json:
            _print(check)
    well = not any(check.level == "FIX" for check in checks)
    if as_json:
        found = [
            {"level": check.level, "text": check.text, "hints": list(check.hints)}
            for check in checks
        ]
        console.out_json({"ok": well, "checks": found})
    return 0 if well else 2


def _print(check: Check) -> None:
    from fahr_core.cli.table import print_folded

    print_folded(f"{check.level:<6}", check.text, style=_STYLES[check.level])
    for hint in check.hints:
        console.out(" " * 6 + hint)  # never folded: it is pasted
    sys.stdout.flush()
