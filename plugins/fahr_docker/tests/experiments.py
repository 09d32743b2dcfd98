"""Experiment folders whose images go with the test, and what lies in an image."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fahr_docker.engine.local import Engine

__all__ = ["build_by_hand", "folder", "saved"]


@pytest.fixture
def folder(tmp_path: Path, engine: Engine) -> Iterator[Path]:
    """Give an experiment folder of a name of its own; its images go when the test ends."""
    folder = tmp_path / f"exp-{uuid4().hex[:12]}"
    folder.mkdir()
    (folder / "train.py").write_text("import six\nprint('six is', six.__version__)\n")
    (folder / "requirements.txt").write_text("six==1.17.0\n")
    yield folder
    # By their names: what two tests made of the same files is one image.
    for image in engine.client.images.list(name=f"fahr/{folder.name}"):
        for tag in image.tags:
            if tag.startswith(f"fahr/{folder.name}:"):
                engine.client.images.remove(tag)


def saved(engine: Engine, image: str) -> bytes:
    """Give an image with all its layers and its history, as one text."""
    return b"".join(engine.client.images.get(image).save())


def build_by_hand(folder: Path, tag: str) -> None:
    lent = os.environ.get("SSL_CERT_FILE")
    options = ["--quiet", "--load", "--provenance=false", "--tag", tag]
    options += ["--secret", f"id=ca,src={lent}"] if lent else []
    done = subprocess.run(
        ["docker", "buildx", "build", *options, "."],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
