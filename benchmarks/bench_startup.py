"""What fahr adds to a command line that does nothing, also with fifty plugins installed."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from paired import fahr, time_pairs

BOUND = 1.15
PLUGINS = 50
PLUGINS_BOUND = 1.25
TWO_COMMANDS = """
import typer

app = typer.Typer()


@app.command()
def one(name: str) -> None:
    "Do one thing."


@app.command()
def two(name: str) -> None:
    "Do another."


app()
"""


def main() -> int:
    """Time `fahr --help` and `fahr status` against a two-command Typer program's `--help`."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        os.environ["FAHR_HOME"] = str(folder / "home")
        program = folder / "two_commands.py"
        program.write_text(TWO_COMMANDS, encoding="utf-8")
        record_a_job(folder)
        late = [is_late(program, words, folder, BOUND) for words in (["--help"], ["status"])]
        os.environ["PYTHONPATH"] = str(with_plugins(folder / "site"))
        print(f"with {PLUGINS} driver plugins installed:")
        late += [
            is_late(program, words, folder, PLUGINS_BOUND) for words in (["--help"], ["status"])
        ]
    return 1 if any(late) else 0


def record_a_job(folder: Path) -> None:
    """Let a job run to its end, so that `fahr status` has one to tell of."""
    (folder / "train.py").write_text("print('done')\n", encoding="utf-8")
    command = [fahr(), "fit", "train.py", "--train-driver=local", "--follow"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)


def with_plugins(site: Path) -> Path:
    """Install drivers as an installer does; each would take a second to import."""
    for number in range(PLUGINS):
        name = f"fahr_cloud{number}"
        info = site / f"{name}-1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        entry = f"[fahr.train_drivers]\ncloud{number} = {name}\n"
        (info / "entry_points.txt").write_text(entry)
        (site / f"{name}.py").write_text("import time\ntime.sleep(1)\n")
    return site


def is_late(program: Path, words: list[str], folder: Path, bound: float) -> bool:
    """Time one command line, print the figures, and tell whether they are past the bound."""
    times = time_pairs([sys.executable, str(program), "--help"], [fahr(), *words], folder)
    late = times.ratio > bound
    print(f"fahr {' '.join(words):7} {times}; bound {bound} times{'  TOO SLOW' if late else ''}")
    return late


if __name__ == "__main__":
    sys.exit(main())
