"""What some code imports, run in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["imported", "typed"]

ROOT = Path(__file__).parents[2]


def imported(code: str, tests: Path, names: Sequence[str], folder: Path | None = None) -> list[str]:
    """Give those of some packages that are imported once some code has run.

    Args:
        code: Python that ends without an error.
        tests: The folder of the plugin's tests, whose modules it may import.
        names: The packages in question.
        folder: Where it runs.
    """
    show = f"{code}\nimport sys\nprint([name for name in {list(names)!r} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", show],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(tests), str(ROOT)])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: list[str] = eval(done.stdout.splitlines()[-1])
    return found


def typed(*arguments: str, status: int = 0) -> str:
    """Give the code of a command line of ``fahr`` that ends with a status."""
    return (
        f"import sys; sys.argv = {['fahr', *arguments]!r}\nfrom fahr_core.cli import main\n"
        f"try:\n    main()\nexcept SystemExit as end:\n    assert (end.code or 0) == {status}, end"
    )
