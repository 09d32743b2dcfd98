"""Jobs and experiments, made as ``fahr fit`` makes them, for a train driver of the tests' own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from fahr_core import container, snapshot
from fahr_core.container import container_artifacts
from fahr_core.environment import resolve
from fahr_core.experiment import find_artifact
from fahr_core.models import (
    Artifacts,
    BaseImage,
    Code,
    Environment,
    Image,
    ImageTarget,
    Job,
    Login,
    Package,
)
from fahr_core.render import write_files
from fahr_docker.build_drivers import cpu, gpu

#: The train driver's package: a runtime for a plain container.
DRIVER = Path(__file__).parent / "container_driver"
BASE = BaseImage(reference="python:3.11-slim-bookworm", reason="for the test")
JOB = Job(
    name="exp-train-1",
    run_id="r",
    remote_name="exp-train-1",
    experiment="/nowhere/exp",
    artifact="train.py",
    kind="script",
    train_driver="container",
    code=Code(digest="sha256:0", files=1, size=1),
    environment=Environment(
        kind="requirements",
        lock="sha256:1",
        python="3.11",
        packages=(Package(name="six", version="1.17.0"),),
    ),
)


def dockerfile(job: Job = JOB, base: BaseImage = BASE, *, plain: bool = False) -> str:
    """Give the Dockerfile that is rendered for a job."""
    wanted = container.PLAIN_DOCKERFILE if plain else container.DOCKERFILE
    files = container_artifacts(job, base, DRIVER).files
    return next(file.text for file in files if file.path == wanted)


class Told:
    """Keeps what progress is told."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str, int | None, int | None]] = []

    def __call__(
        self, stage: str, text: str = "", done: int | None = None, total: int | None = None
    ) -> None:
        self.lines.append((stage, text, done, total))

    @property
    def text(self) -> str:
        return "\n".join(line[1] for line in self.lines)


def job_of(folder: Path, **changes: Any) -> Job:
    """Read an experiment folder as ``fahr fit`` does."""
    experiment = find_artifact(None, None, folder)
    envfile = changes.pop("envfile", None)
    environment = resolve(experiment.folder, experiment.artifact, envfile=envfile, python="3.11")
    job = replace(
        JOB,
        experiment=str(experiment.folder),
        artifact=experiment.artifact,
        kind=experiment.kind,
        code=snapshot.take(experiment),
        environment=environment,
    )
    return replace(job, **changes)


def rendered(job: Job, *, gpus: bool = False, write: bool = True) -> Artifacts:
    """Render a job's files, and write them into the experiment."""
    base = (gpu if gpus else cpu).base_image(job, job.environment)
    artifacts = container_artifacts(job, base, DRIVER)
    if write:
        write_files(Path(job.experiment), artifacts.files)
    return artifacts


def image_of(
    folder: Path,
    target: ImageTarget | None = None,
    login: Login | None = None,
    told: Told | None = None,
    *,
    gpus: bool = False,
    write: bool = True,
    **changes: Any,
) -> Image:
    """Make the image of an experiment folder."""
    job = job_of(folder, **changes)
    artifacts = rendered(job, gpus=gpus, write=write)
    return cpu.build_image(job, artifacts, target or ImageTarget(), login, told or Told())
