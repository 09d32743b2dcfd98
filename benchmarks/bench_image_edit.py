"""From a changed line to the image by digest in the registry, against docker build and push."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from image_making import (
    Experiment,
    call_pairs,
    new_name,
    own_home,
    registry,
    skip_without_engine,
    told,
    untag,
)
from paired import Paired
from slow_link import slow_link

if TYPE_CHECKING:
    from collections.abc import Callable

    from slow_link import Link

BOUND = 0.25
SLOW_BOUND = 0.35
DATA_BOUND = 1.1
REQUIREMENTS = "six==1.17.0\n"


def main() -> int:
    """Measure on loopback, then over a slow link; then the same beside 2 GB of data."""
    skip_without_engine()
    with own_home() as folder, registry(folder / "registry") as host:
        plain = Experiment(folder / "plain", REQUIREMENTS)
        heavy = Experiment(folder / "heavy", REQUIREMENTS)
        heavy.add_data()
        plain.render()  # so that docker has its Dockerfile, whoever is first
        name = new_name()
        repositories = [f"{host}/{name}"]
        try:
            problems = [
                told("edit, loopback", edits(plain, f"{host}/{name}", pairs=15), BOUND),
                beside_data(plain, heavy, f"{host}/{name}", pairs=50),
            ]
            with slow_link(host) as link:
                repositories.append(f"{link.host}/{name}")
                problems += over_slow_link(plain, heavy, link, name)
        finally:
            untag(*repositories)
    return 1 if any(problems) else 0


def over_slow_link(plain: Experiment, heavy: Experiment, link: Link, name: str) -> list[bool]:
    """Measure through 50 Mbit/s and 80 ms, and count what an unchanged folder asks."""
    repository = f"{link.host}/{name}"
    times = edits(plain, repository, pairs=5)
    problems = [told("edit, 50 Mbit/s and 80 ms", times, SLOW_BOUND)]
    problems.append(beside_data(plain, heavy, repository, pairs=10))
    for what, experiment in (("", plain), (" beside 2 GB", heavy)):
        first = experiment.by_fahr(repository)
        link.begin()
        again = experiment.by_fahr(repository)
        wrong = link.requests != 1 or again != first
        requests = f"{link.requests} request{'s' * (link.requests != 1)}"
        print(f"unchanged{what}: {requests}, {link.sent} bytes; bound 1{'  TOO MANY' * wrong}")
        problems.append(wrong)
    return problems


def edits(experiment: Experiment, repository: str, pairs: int):
    """Time fahr's way against docker's, each after a change of its own."""
    return call_pairs(
        edited(experiment, lambda: experiment.by_docker(repository)),
        edited(experiment, lambda: experiment.by_fahr(repository)),
        pairs,
    )


def beside_data(plain: Experiment, heavy: Experiment, repository: str, pairs: int) -> bool:
    """Time fahr's way with and without a folder of data, after an edit and unchanged."""
    after_edit = call_pairs(
        edited(plain, lambda: plain.by_fahr(repository)),
        edited(heavy, lambda: heavy.by_fahr(repository)),
        pairs,
    )
    unchanged = call_pairs(  # these take little: more of them, to find the fastest
        lambda: plain.by_fahr(repository), lambda: heavy.by_fahr(repository), 4 * pairs
    )
    return any(
        [
            told("  the same beside 2 GB of data", fastest(after_edit), DATA_BOUND),
            told("  unchanged, beside 2 GB of data", fastest(unchanged), DATA_BOUND),
        ]
    )


def fastest(times: Paired) -> Paired:
    """Give the fastest of each: what a folder costs, it costs every run."""
    return Paired((min(times.baseline),), (min(times.measured),))


def edited(experiment: Experiment, call: Callable[[], object]) -> Callable[[], object]:
    """Give a call that changes a line first."""

    def edit_and_call() -> None:
        experiment.edit()
        call()

    return edit_and_call


if __name__ == "__main__":
    sys.exit(main())
