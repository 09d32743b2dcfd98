"""What a job on this machine adds to running the script."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from paired import time_pairs

BOUND = 0.5  # seconds


def main() -> int:
    """Time `fahr fit --follow` of a script that needs no packages against `python script.py`."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        os.environ["FAHR_HOME"] = str(folder / "home")
        (folder / "train.py").write_text("print('done')\n", encoding="utf-8")
        fahr = str(Path(sys.executable).with_name("fahr"))
        times = time_pairs(
            [sys.executable, "train.py"],
            [fahr, "fit", "train.py", "--train-driver=local", "--follow"],
            folder,
            pairs=10,
        )
    late = times.added > BOUND
    print(f"fahr fit {times}; bound {BOUND} s more{'  TOO SLOW' if late else ''}")
    return 1 if late else 0


if __name__ == "__main__":
    sys.exit(main())
