"""From nothing to an image with scikit-learn in a registry, against the first fahr's way."""

from __future__ import annotations

import os
import random
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from image_making import (
    BASE,
    Experiment,
    docker,
    new_name,
    own_home,
    registry,
    seconds,
    skip_without_engine,
    told,
    untag,
)
from paired import Paired

if TYPE_CHECKING:
    from collections.abc import Callable

BOUND = 0.5
ROUNDS = 2
REQUIREMENTS = "scikit-learn\n"
#: In the first fahr's order: a stage that compiles, with an environment by pip; then the same
#: base again, with that environment and the code copied into it.
FIRST = f"""\
FROM {BASE} AS compiling
{{trust}}
WORKDIR /app
RUN apt-get update
RUN apt-get install -y --no-install-recommends build-essential gcc
RUN python3 -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH
COPY requirements.txt .
RUN pip install -r requirements.txt

FROM {BASE}
COPY --from=compiling /opt/venv /opt/venv
COPY run.sh .
COPY train.py .
ENV FAHR_EXECUTION_ENVIRONMENT=sagemaker PATH=/opt/venv/bin:$PATH
RUN chmod +x ./run.sh
ENTRYPOINT ["./run.sh"]
"""


def main() -> int:
    """Time both ways, each into an empty registry and with no layer or package at hand.

    Ours is timed beside 2 GB of data too. That is shown and not judged: most of it is waiting
    for downloads, which differ by more than a folder could cost; bench_image_edit.py judges it.
    """
    skip_without_engine()
    ways: dict[str, Callable[[], float]] = {
        "first": first_fahrs,
        "ours": fahrs,
        "heavy": lambda: fahrs(data=True),
    }
    times: dict[str, list[float]] = {way: [] for way in ways}
    for number in range(ROUNDS):
        for way in random.sample(list(ways), k=len(ways)):
            times[way].append(ways[way]())
        first, ours, heavy = (times[way][-1] for way in ways)
        figures = f"{first:.1f} s -> {ours:.1f} s, beside 2 GB of data {heavy:.1f} s"
        print(f"  round {number + 1}: {figures}", flush=True)
    pairs = Paired(tuple(times["first"]), tuple(times["ours"]))
    return 1 if told("cold, with scikit-learn", pairs, BOUND) else 0


def first_fahrs() -> float:
    """Time the build and push of a Dockerfile in the first fahr's order."""
    with own_home() as folder, registry(folder / "registry") as host:
        experiment = Experiment(folder / "exp", REQUIREMENTS)
        own = experiment.folder
        trusted = os.environ.get("SSL_CERT_FILE")
        if trusted:
            shutil.copy(trusted, own / "ca.pem")
        trust = "COPY ca.pem /ca.pem\nENV PIP_CERT=/ca.pem" if trusted else ""
        (own / "Dockerfile").write_text(FIRST.format(trust=trust), encoding="utf-8")
        (own / "run.sh").write_text("#!/bin/sh\npython train.py\n", encoding="utf-8")
        tag = f"{host}/{new_name()}:first"

        def make() -> None:
            docker("build", "--no-cache", "--tag", tag, str(own), DOCKER_BUILDKIT="0")
            docker("push", tag)

        try:
            return seconds(make)
        finally:
            docker("rmi", tag)


def fahrs(*, data: bool = False) -> float:
    """Time fahr's way; its cache of packages is an empty one in memory."""
    with own_home() as folder, registry(folder / "registry") as host:
        experiment = Experiment(folder / "exp", REQUIREMENTS)
        if data:
            experiment.add_data()
        experiment.render()
        dockerfile = Path(experiment.folder, "Dockerfile")
        text = dockerfile.read_text(encoding="utf-8")
        cold = text.replace("--mount=type=cache,target", "--mount=type=tmpfs,target")
        cold = cold.replace("set -eu;", f"set -eu; : {uuid4().hex};")
        dockerfile.write_text(cold, encoding="utf-8")
        repository = f"{host}/{new_name()}"
        try:
            return seconds(lambda: experiment.by_fahr(repository))
        finally:
            untag(repository, environments=True)


if __name__ == "__main__":
    sys.exit(main())
