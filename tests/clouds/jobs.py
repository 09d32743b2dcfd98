"""Jobs as ``fahr fit`` makes them, without an experiment on the disk."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fahr_core.models import Artifacts, BaseImage, Code, Environment, Job

__all__ = ["DIGEST", "artifacts_of", "made_job"]

#: Of an image that nobody has built.
DIGEST = "sha256:" + "1" * 64


def made_job(driver: str, settings: dict[str, Any], **changes: Any) -> Job:
    """Give a job for a driver with an image, by its validated settings."""
    job = Job(
        name="digits-train-1",
        run_id="abcdefghijklmnop",
        remote_name="digits-train-1-abcdef",
        experiment="/nowhere/digits",
        artifact="train.py",
        kind="script",
        train_driver=driver,
        build_driver="local-cpu",
        code=Code(digest="sha256:0", files=1, size=1),
        environment=Environment(),
        settings=settings,
    )
    return replace(job, **changes)


def artifacts_of(*, gpu: bool = False) -> Artifacts:
    """Give what was rendered; only its base counts here."""
    return Artifacts(base=BaseImage(reference="base", reason="for the test", gpu=gpu))
