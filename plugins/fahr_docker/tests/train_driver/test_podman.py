"""The story of a person with Podman: its endpoint builds, lends secrets and runs the job."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from command_line import SCRIPT, Fahr

from experiments import saved
from fahr_core.container import UV_IMAGE
from fahr_docker.engine.finding import find_engine
from real_podman import running_podman

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fahr_docker.engine.local import Engine


@pytest.fixture
def podman(engine: Engine, tmp_path: Path) -> Iterator[Fahr]:
    """Give a person whose engine is Podman."""
    folder = tmp_path / "podman-story"
    folder.mkdir()
    (folder / "train.py").write_text(SCRIPT)
    with running_podman(["python:3.11-slim-bookworm", UV_IMAGE]) as address:
        variables = {"DOCKER_HOST": address}
        with find_engine(variables) as own:
            assert own.is_podman
            yield Fahr(own, folder, tmp_path / "fahr-home", variables)


def images(fahr: Fahr) -> list[dict[str, object]]:
    return json.loads(fahr("images", "ls", "--json").out)


def test_from_nothing_to_a_fetched_model_with_podman(podman: Fahr) -> None:
    secret = uuid4().hex
    (podman.folder / "requirements.txt").write_text("six==1.17.0\n")
    podman.variables["UV_INDEX_PRIVATE_PASSWORD"] = secret
    assert podman("init", "train.py", "--train-driver=docker").status == 0
    dockerfile = podman.folder / "Dockerfile"
    text = dockerfile.read_text()
    lent = "/run/secrets/index; fi; "
    assert lent in text
    look = f"test \"$UV_INDEX_PRIVATE_PASSWORD\" = '{secret[:16]}''{secret[16:]}'"
    dockerfile.write_text(text.replace(lent, f"{lent}{look}; "))  # fails unless it is lent
    ran = podman.fit("write", "--follow")
    assert ran.status == 0, ran.err
    assert "complete" in ran.err
    fetched = podman("fetch")
    assert fetched.status == 0, fetched.err
    assert (podman.folder / "podman-story-train-1" / "model.txt").read_text() == "model"
    assert podman.containers() == []
    (made,) = [one for one in podman.engine.stored() if any("code-" in tag for tag in one.tags)]
    assert secret.encode() not in saved(podman.engine, made.id)

    # An edit is a layer on the same environment.
    shutil.rmtree(podman.folder / "podman-story-train-1")
    (podman.folder / "train.py").write_text(SCRIPT + "\nprint('edited')\n")
    again = podman.fit("write", "--follow")
    assert again.lines[-1] == "edited"
    assert "building the environment" not in again.err
    assert sorted(str(one["kind"]) for one in images(podman)) == ["code", "code", "env"]

    # Stop leaves what the job saves.
    name = podman.sent("wait")
    podman.until(name, "ready")
    assert podman("stop", name).status == 0
    assert podman("wait", name).status != 0
    assert podman.job(name)["state"] == "stopped"
    assert podman("fetch", "./stopped", name).status == 0
    assert (podman.folder / "stopped" / "saved.txt").read_text() == "saved"

    assert podman("fetch", "./second", "podman-story-train-2").status == 0  # its container goes
    assert podman("images", "prune", "--yes", "--older-than=1s").status == 0
    assert images(podman) == []
