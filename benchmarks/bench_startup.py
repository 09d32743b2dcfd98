"""What fahr adds to a command line that does nothing."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from paired import time_pairs

BOUND = 1.15
TWO_COMMANDS = """
import typer

app = typer.Typer(rich_markup_mode=None)


@app.command()
def one(name: str) -> None:
    "Do one thing."


@app.command()
def two(name: str) -> None:
    "Do another."


app()
"""


def main() -> int:
    """Time `fahr --help` and `fahr status` against the smallest Typer program with commands."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        os.environ["FAHR_HOME"] = str(folder / "home")
        program = folder / "two_commands.py"
        program.write_text(TWO_COMMANDS, encoding="utf-8")
        record_a_job(folder)
        late = [words for words in (["--help"], ["status"]) if is_late(program, words, folder)]
    return 1 if late else 0


def record_a_job(folder: Path) -> None:
    """Let a job run to its end, so that `fahr status` has one to tell of."""
    (folder / "train.py").write_text("print('done')\n", encoding="utf-8")
    command = [fahr(), "fit", "train.py", "--train-driver=local", "--follow"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)


def is_late(program: Path, words: list[str], folder: Path) -> bool:
    """Time one command line, print the figures, and tell whether they are past the bound."""
    times = time_pairs([sys.executable, str(program), "--help"], [fahr(), *words], folder)
    late = times.ratio > BOUND
    print(f"fahr {' '.join(words):7} {times}; bound {BOUND} times{'  TOO SLOW' if late else ''}")
    return late


def fahr() -> str:
    """Give the script that was installed beside this Python."""
    return str(Path(sys.executable).with_name("fahr"))


if __name__ == "__main__":
    sys.exit(main())
