"""From nothing to an image with scikit-learn in a registry, against the first fahr's way."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
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

BOUND = 0.5
DATA_BOUND = 1.1
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
    """Time both in turn, each into an empty registry and with no layer or package at hand."""
    skip_without_engine()
    first, ours, heavy = [], [], []
    for number in range(ROUNDS):
        first.append(first_fahrs())
        ours.append(fahrs())
        heavy.append(fahrs(data=True))
        figures = f"{first[-1]:.1f} s -> {ours[-1]:.1f} s, beside 2 GB of data {heavy[-1]:.1f} s"
        print(f"  round {number + 1}: {figures}", flush=True)
    late = [
        told("cold, with scikit-learn", Paired(tuple(first), tuple(ours)), BOUND),
        told("  the same beside 2 GB of data", Paired((min(ours),), (min(heavy),)), DATA_BOUND),
    ]
    return 1 if any(late) else 0


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
