"""A job that is never sent: what templates and checks are tried with before there is one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from fahr_core import names
from fahr_core.choice import own_image
from fahr_core.models import Code, Environment, Job

if TYPE_CHECKING:
    from fahr_core.experiment import Experiment
    from fahr_core.session import Session
    from fahr_core.settings.validated import Settings

__all__ = ["sample_job"]

_NO_CODE = Code(digest="sha256:" + 64 * "0", files=0, size=0)


def sample_job(
    session: Session,
    settings: Settings,
    experiment: Experiment,
    environment: Environment | None = None,
) -> Job:
    """Give the job that ``fahr fit`` would send, but for its code, its number and its names."""
    core = settings.core
    stem = names.job_stem(experiment.folder.name, Path(experiment.artifact).stem)
    return Job(
        name=names.job_name(stem, 1),
        run_id="sample",
        remote_name=names.remote_name(names.job_name(stem, 1), session.info.names, "sample"),
        experiment=str(experiment.folder),
        artifact=experiment.artifact,
        kind=experiment.kind,
        train_driver=session.train.name,
        driver_path=session.train.path,
        driver_digest=session.train.digest,
        build_driver=session.build.name if session.build else None,
        train_image=own_image(core["train_image"]),
        code=_NO_CODE,
        environment=environment or Environment(),
        settings=settings.of(session.train.name),
        build_settings=settings.of(session.build.name if session.build else None),
        params=core["params"],
        gpu=core["gpu"],
        timeout=core["timeout"],
        nodes=core["nodes"],
        launch=core["launch"],
        output_exclude=tuple(core["output_exclude"]),
    )
