"""What the benchmarks of images share: a registry, an experiment, fahr's way and docker's."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn
from uuid import uuid4

from paired import Paired

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fahr_core.models import Artifacts, Image, Job

BASE = "python:3.11-slim-bookworm"
PLATFORM = "linux/amd64"
RUNTIME = "def places():\n    return {}\n"


def skip_without_engine() -> None:
    """End with a message, and no error, where nothing can be measured."""
    try:
        from fahr_docker.engine.finding import find_engine
    except ImportError:
        _skip("fahr-docker is not installed")
    from fahr_core.errors import FahrError

    try:
        with find_engine() as engine:
            base = engine.find(BASE)
    except FahrError as error:
        _skip(error.message)
    if base is None:
        _skip(f"the engine has no {BASE}; .ci/engine makes it")
    for program in ("docker", "docker-registry"):
        if shutil.which(program) is None:
            _skip(f"{program} is not installed; .ci/engine brings it")


def _skip(reason: str) -> NoReturn:
    print(f"skipped: {reason}")
    sys.exit(0)


@contextmanager
def own_home() -> Iterator[Path]:
    """Give an empty folder, with a FAHR_HOME of its own in it."""
    before = os.environ.get("FAHR_HOME")
    with tempfile.TemporaryDirectory(prefix="fahr-bench-") as name:
        os.environ["FAHR_HOME"] = str(Path(name, "home"))
        try:
            yield Path(name)
        finally:
            os.environ.pop("FAHR_HOME")
            if before is not None:
                os.environ["FAHR_HOME"] = before


@contextmanager
def registry(folder: Path) -> Iterator[str]:
    """Run an empty registry for as long as the block lasts, and give its host."""
    folder.mkdir(parents=True)
    config = {
        "version": "0.1",
        "storage": {"filesystem": {"rootdirectory": str(folder / "data")}},
        "http": {"addr": "127.0.0.1:0"},
    }
    (folder / "config.yml").write_text(json.dumps(config), encoding="utf-8")  # JSON is YAML
    with (folder / "log").open("wb") as log:
        command = ["docker-registry", "serve", str(folder / "config.yml")]
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        while not (found := re.search(r"listening on (127\.\S+?:\d+)", _text(folder / "log"))):
            if process.poll() is not None:
                raise SystemExit(_text(folder / "log"))
            time.sleep(0.02)
        yield found[1]
    finally:
        process.kill()
        process.wait()


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8", errors="replace")


class Experiment:
    """An experiment folder, and the two ways of bringing its image into a registry."""

    def __init__(self, folder: Path, requirements: str) -> None:
        folder.mkdir()
        self.folder = folder
        self.driver = folder.with_name(f"{folder.name}-driver")
        self.driver.mkdir()
        (self.driver / "runtime.py").write_text(RUNTIME, encoding="utf-8")
        (folder / "requirements.txt").write_text(requirements, encoding="utf-8")
        self.edit()

    def edit(self) -> None:
        """Change one line."""
        text = f"rate = {random.random()}\nprint('rate', rate)\n"
        (self.folder / "train.py").write_text(text, encoding="utf-8")

    def add_data(self, gigabytes: int = 2) -> None:
        """Put a folder of data beside the script; it is sparse, so that it costs no disk."""
        (self.folder / "data").mkdir()
        for number in range(gigabytes * 100):
            with (self.folder / "data" / f"{number}.bin").open("wb") as file:
                file.truncate(10_000_000)

    def by_fahr(self, repository: str) -> Image:
        """Do what `fahr fit` does up to the image by digest; give the image."""
        from fahr_core.models import ImageTarget
        from fahr_docker.build_drivers import cpu

        job, artifacts = self.render()
        target = ImageTarget(repository=repository, platform=PLATFORM)
        return cpu.build_image(job, artifacts, target, None, lambda *_: None)

    def render(self) -> tuple[Job, Artifacts]:
        """Take the snapshot, resolve the environment and write the rendered files."""
        from fahr_core import snapshot
        from fahr_core.container import container_artifacts
        from fahr_core.environment import resolve
        from fahr_core.experiment import find_artifact
        from fahr_core.models import Job
        from fahr_core.render import write_files
        from fahr_docker.build_drivers import cpu

        experiment = find_artifact(None, None, self.folder)
        job = Job(
            name="bench-train-1",
            run_id="r",
            remote_name="bench-train-1",
            experiment=str(experiment.folder),
            artifact=experiment.artifact,
            kind=experiment.kind,
            train_driver="bench",
            environment=resolve(experiment.folder, experiment.artifact, python="3.11"),
            code=snapshot.take(experiment),
        )
        base = cpu.base_image(job, job.environment)
        artifacts = container_artifacts(job, base, self.driver)
        write_files(self.folder, artifacts.files)
        return job, artifacts

    def by_docker(self, repository: str) -> None:
        """Build and push the same Dockerfile by docker's own commands."""
        tag = f"{repository}:by-docker"
        secret = os.environ.get("SSL_CERT_FILE")
        lent = ["--secret", f"id=ca,src={secret}"] if secret else []
        options = ["--quiet", "--load", "--provenance=false", f"--platform={PLATFORM}", *lent]
        docker("buildx", "build", *options, "--tag", tag, ".", folder=self.folder)
        docker("push", "--quiet", tag)


def untag(*repositories: str, environments: bool = False) -> None:
    """Take the names in some repositories off the engine's images.

    With ``environments`` those of the engine's own too, which others may use.
    """
    from fahr_docker.engine.finding import find_engine

    with find_engine() as engine:
        for image in engine.stored():
            own = [tag for tag in image.tags if tag.rpartition(":")[0] in repositories]
            own += [name for name in image.digests if name.partition("@")[0] in repositories]
            for name in [*image.tags, *own] if own and environments else own:
                engine.untag(name)


def docker(*words: str, folder: Path | None = None, **variables: str) -> None:
    """Run a docker command that has to succeed."""
    command = ["docker", *words]
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, **variables}, capture_output=True, text=True
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr}")


def call_pairs(
    baseline: Callable[[], object], measured: Callable[[], object], pairs: int
) -> Paired:
    """Time two calls in turn, in an order drawn anew; the first pair is not counted."""
    times: dict[Callable[[], object], list[float]] = {baseline: [], measured: []}
    for number in range(pairs + 1):
        for call in random.sample(list(times), k=2):
            spent = seconds(call)
            if number:
                times[call].append(spent)
    return Paired(tuple(times[baseline]), tuple(times[measured]))


def seconds(call: Callable[[], object]) -> float:
    """Give the wall time of a call."""
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def new_name() -> str:
    """Give the name of a repository that nobody has."""
    return f"bench/x{uuid4().hex[:12]}"


def told(what: str, times: Paired, bound: float) -> bool:
    """Print the figures and tell whether they are past the bound."""
    late = times.ratio > bound
    print(f"{what}: {times}; bound {bound} times{'  TOO SLOW' if late else ''}", flush=True)
    return late
