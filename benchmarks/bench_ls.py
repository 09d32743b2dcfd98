"""What a long record costs: `fahr ls` over 10,000 jobs against the same over ten."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

from paired import fahr, time_pairs

BOUND = 1.3
FEW, MANY = 10, 10_000


def main() -> int:
    """Fill two ledgers from one real job, then time listing them."""
    with tempfile.TemporaryDirectory() as temporary:
        homes = [filled(Path(temporary, str(jobs)), jobs) for jobs in (FEW, MANY)]
        few, many = ([*with_home(home), fahr(), "ls"] for home in homes)
        times = time_pairs(few, many, Path(temporary))
    late = times.ratio > BOUND
    print(f"fahr ls, {FEW} -> {MANY} jobs: {times}; bound {BOUND} times{' TOO SLOW' * late}")
    return 1 if late else 0


def with_home(home: Path) -> list[str]:
    """Give the words that start a command with another FAHR_HOME."""
    return ["env", f"FAHR_HOME={home}"]


def filled(home: Path, jobs: int) -> Path:
    """Run a job, then copy its row until there are ``jobs`` of them."""
    home.mkdir()
    (home / "train.py").write_text("print('done')\n", encoding="utf-8")
    environment = {**os.environ, "FAHR_HOME": str(home)}
    command = [fahr(), "fit", "train.py", "--train-driver=local", "--follow"]
    subprocess.run(command, cwd=home, env=environment, check=True, capture_output=True)
    with sqlite3.connect(home / "ledger.sqlite3") as ledger:
        columns = [row[1] for row in ledger.execute("PRAGMA table_info(jobs)")]
        own = {"id": "NULL", "name": "stem || '-' || :n", "number": ":n", "run_id": "run_id || :n"}
        values = ", ".join(own.get(column, f'"{column}"') for column in columns)
        copy = f"INSERT INTO jobs SELECT {values} FROM jobs WHERE number = 1"
        ledger.executemany(copy, [{"n": number} for number in range(2, jobs + 1)])
    ledger.close()
    return home


if __name__ == "__main__":
    sys.exit(main())
