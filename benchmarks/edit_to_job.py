"""From a changed line to the submitted job: by fahr, and by docker with what a cloud offers."""

from __future__ import annotations

import os
import random
import statistics
import subprocess
import time
from collections import defaultdict
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from image_making import PLATFORM, docker, told, untag
from paired import Paired, fahr

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cloud_account import Account

PAIRS = int(os.environ.get("BENCH_PAIRS", "10"))


@dataclass(frozen=True, kw_only=True)
class Other:
    """How else an image that docker has pushed becomes a job.

    ``command`` is given a name for the job, the image and the role; ``call`` is what it does, in a
    word, and ``bound`` how many times as long fahr may take.
    """

    name: str
    call: str
    command: tuple[str, ...]
    bound: float


def measured(account: Account, folder: Path, settings: str, others: tuple[Other, ...]) -> int:
    """Time all ways in turn, each after an edit of its own; give the exit status."""
    try:
        return _compared(_Ways(account, folder, settings), others)
    finally:
        untag(account.repository)


class _Ways:
    """The ways from an edit to a job; each keeps the seconds that its stages took."""

    def __init__(self, account: Account, folder: Path, settings: str) -> None:
        self.folder = folder
        self.account = account
        self.number = 0
        self.stages: dict[str, dict[str, list[float]]] = {}
        folder.mkdir()
        (folder / "fahr.toml").write_text(settings, encoding="utf-8")
        (folder / "requirements.txt").write_text("six==1.17.0\n", encoding="utf-8")
        self.edit()
        self.by_fahr()  # so that docker has its Dockerfile, whoever is first
        self.stages.clear()

    def edit(self) -> None:
        """Change a line."""
        self.number += 1
        text = f"rate = {random.random()}\nprint('rate', rate)\n"
        (self.folder / "train.py").write_text(text, encoding="utf-8")

    def by_fahr(self) -> None:
        """Send it by `fahr fit`, whose lines tell when each stage is over."""
        stages = self._begun("fahr")
        moment = time.perf_counter()
        with subprocess.Popen(
            [fahr(), "fit"],
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stderr
            said = []
            for line in process.stderr:
                said.append(line)
                moment = self._kept(stages, line.split(" ", 1)[0], moment)
        if process.returncode:
            raise SystemExit(f"fahr fit ended with {process.returncode}:\n{''.join(said)}")
        self._kept(stages, "end", moment)

    def by_docker_and(self, other: Other) -> None:
        """Send it by docker and what a cloud offers."""
        stages = self._begun(other.name)
        image = f"{self.account.repository}:by-docker-{self.number}"
        secret = os.environ.get("SSL_CERT_FILE")
        lent = ["--secret", f"id=ca,src={secret}"] if secret else []
        options = ["--quiet", "--load", "--provenance=false", f"--platform={PLATFORM}", *lent]
        moment = time.perf_counter()
        docker("buildx", "build", *options, "--tag", image, ".", folder=self.folder)
        moment = self._kept(stages, "docker build", moment)
        docker("push", "--quiet", image)
        moment = self._kept(stages, "docker push", moment)
        words = [*other.command, f"bench-{self.number}", image, self.account.role]
        done = subprocess.run(words, cwd=self.folder, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"{other.call} ended with {done.returncode}:\n{done.stderr[-3000:]}")
        self._kept(stages, other.call, moment)

    def _begun(self, way: str) -> dict[str, list[float]]:
        return self.stages.setdefault(way, defaultdict(list))

    def _kept(self, stages: dict[str, list[float]], stage: str, since: float) -> float:
        now = time.perf_counter()
        stages[stage].append(now - since)
        return now


def _compared(ways: _Ways, others: tuple[Other, ...]) -> int:
    """Time the ways, print the figures, and tell whether one is past its bound."""
    calls: dict[str, Callable[[], None]] = {"fahr": ways.by_fahr}
    for other in others:
        calls[other.name] = partial(ways.by_docker_and, other)
    times: dict[str, list[float]] = {way: [] for way in calls}
    for number in range(PAIRS + 1):
        for way in random.sample(list(calls), k=len(calls)):
            ways.edit()
            spent = _seconds(calls[way])
            if number:
                times[way].append(spent)
    for way, stages in ways.stages.items():
        print(f"{way}: {_breakdown(stages)}")
    own = tuple(times["fahr"])
    problems = [
        told(
            f"edit to job, {other.name} -> fahr", Paired(tuple(times[other.name]), own), other.bound
        )
        for other in others
    ]
    return 1 if any(problems) else 0


def _seconds(call: Callable[[], None]) -> float:
    """Give the wall time of a call."""
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def _breakdown(stages: dict[str, list[float]]) -> str:
    """Give the median of each stage in milliseconds, in the order in which they come.

    A stage of fahr's ends with the line that it prints; several lines may come at once. The
    checks before a job end with the line that tells its machine.
    """
    medians = {name: statistics.median(found) * 1000 for name, found in stages.items()}
    named = {"machine": "checks"}
    return ", ".join(
        f"{named.get(name, name)} {spent:.0f} ms"
        for name, spent in medians.items()
        if name and spent >= 1
    )
