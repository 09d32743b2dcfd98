"""Time a download by `fahr fetch` and by another program as a pair, and weigh fahr's memory."""

from __future__ import annotations

import os
import random
import shutil
import statistics
import subprocess
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

BOUND = 0.9  # of the throughput
MEMORY = 150 * 1024**2  # bytes at the most
GIGABYTES = float(os.environ.get("BENCH_GIGABYTES", "2"))
PAIRS = int(os.environ.get("BENCH_PAIRS", "3"))


def compared(
    baseline: tuple[str, Sequence[str]],
    fahr: Sequence[str],
    folder: Path,
    size: int,
    is_whole: Callable[[Path], bool],
) -> int:
    """Fetch the same in turn by both, each time into an empty folder; print the figures.

    Args:
        baseline: What fahr is compared with: its name and its command.
        fahr: fahr's command.
        folder: Where there is room for it.
        size: The bytes that are fetched.
        is_whole: Tells whether a folder has all that was to be fetched.

    Returns:
        1 when a figure is past its bound, else 0.
    """
    name, command = baseline
    ways = {name: command, "fahr": fahr}
    times: dict[str, list[float]] = {way: [] for way in ways}
    peak = 0
    for _ in range(PAIRS):
        for way in random.sample(list(ways), k=2):
            seconds, memory = run(ways[way], folder / "work", is_whole)
            times[way].append(seconds)
            peak = max(peak, memory) if way == "fahr" else peak
    ratio = statistics.median(b / f for b, f in zip(times[name], times["fahr"], strict=True))
    medians = {way: statistics.median(found) for way, found in times.items()}
    late, fat = ratio < BOUND, peak > MEMORY
    print(
        f"fetch of {size / 1e6:.0f} MB: {name} {medians[name]:.1f} s -> fahr "
        f"{medians['fahr']:.1f} s, {size / 1e6 / medians['fahr']:.0f} MB/s, {ratio:.2f} times the "
        f"throughput, {PAIRS} pairs; bound {BOUND} times{'  TOO SLOW' * late}\n"
        f"peak memory {peak / 1e6:.0f} MB; bound {MEMORY / 1e6:.0f} MB{'  TOO MUCH' * fat}"
    )
    return 1 if late or fat else 0


def run(
    command: Sequence[str], folder: Path, is_whole: Callable[[Path], bool]
) -> tuple[float, int]:
    """Run a command in a new folder; give its seconds and the most memory of one process."""
    folder.mkdir()
    started = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    assert process.stderr
    said = process.stderr.read().decode()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    spent = time.perf_counter() - started
    process.stderr.close()
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}:\n{said}")
    assert is_whole(folder), f"{command[0]} did not fetch all of it"
    shutil.rmtree(folder)
    return spent, usage.ru_maxrss * 1024
