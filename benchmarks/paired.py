"""Time two programs as a pair, so that what slows the machine slows both."""

from __future__ import annotations

import random
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class Paired:
    """The wall times of two programs in seconds, pair by pair."""

    baseline: tuple[float, ...]
    measured: tuple[float, ...]

    @property
    def ratio(self) -> float:
        """Give the median of measured over baseline."""
        return statistics.median(m / b for b, m in zip(self.baseline, self.measured, strict=True))

    @property
    def added(self) -> float:
        """Give the median of measured less baseline, in seconds."""
        return statistics.median(m - b for b, m in zip(self.baseline, self.measured, strict=True))

    def __str__(self) -> str:
        """Show both medians in milliseconds, and how they compare."""
        medians = (statistics.median(times) * 1000 for times in (self.baseline, self.measured))
        return "{:.0f} ms -> {:.0f} ms".format(*medians) + (
            f", {self.ratio:.2f} times, {self.added:+.3f} s, {len(self.measured)} pairs"
        )


def time_pairs(
    baseline: Sequence[str], measured: Sequence[str], folder: Path, pairs: int = 20
) -> Paired:
    """Run two commands in a folder in turn; the first pair warms caches and is not counted."""
    times: dict[tuple[str, ...], list[float]] = {tuple(baseline): [], tuple(measured): []}
    for number in range(pairs + 1):
        for command in random.sample(list(times), k=2):
            spent = seconds(command, folder)
            if number:
                times[command].append(spent)
    return Paired(*map(tuple, times.values()))


def seconds(command: Sequence[str], folder: Path) -> float:
    """Give the wall time of one command that has to succeed."""
    started = time.perf_counter()
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    spent = time.perf_counter() - started
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr}")
    return spent


def fahr() -> str:
    """Give the script that was installed beside this Python."""
    return str(Path(sys.executable).with_name("fahr"))
