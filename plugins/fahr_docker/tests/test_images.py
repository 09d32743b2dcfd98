"""Images of real experiments, made by a real engine and kept in a real registry."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from experiments import build_by_hand, folder, saved
from fahr_core.errors import (
    AccessError,
    EnvironmentFileError,
    FahrError,
    UsageError,
)
from fahr_core.models import Image, ImageTarget, Login
from fahr_docker.engine import finding
from made_jobs import Told, image_of, job_of, rendered
from real_engine import config_of, files_of, run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fahr_docker.engine.local import Engine
    from faults import Faults
    from real_registry import RealRegistry

__all__ = ["folder"]

SCRIPT = "import six\nprint('six is', six.__version__)\n"
#: Names that break instructions, shells and patterns.
ODD_NAMES = (
    "a b.py", "it's.py", 'say "hi".py', "$(touch pwned).py", "new\nline.py", "[1].py",
    "back\\slash.py", "${HOME}.py", "-c.py", "#x.py", "{{ 6 * 7 }}.py", "`id`; rm *.py",
)  # fmt: skip
#: Anything that a file can be called, but for what never travels, such as ".env".
NAMES = st.text(
    st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=40
).filter(lambda name: name[0] != ".").map(lambda name: f"{name}.py")  # fmt: skip


@pytest.fixture
def target(real_registry: RealRegistry) -> ImageTarget:
    return ImageTarget(repository=f"{real_registry.host}/team/exp-{uuid4().hex[:12]}")


@pytest.fixture
def login(real_registry: RealRegistry) -> Login:
    return real_registry.login()


@contextmanager
def without_engine() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
        yield


@pytest.fixture
def no_buildx(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the engine be one without buildx."""
    monkeypatch.setattr(finding, "find_buildx", lambda: None)


def pulled(engine: Engine, image: Image, login: Login) -> str:
    """Bring an image from the registry into the engine's store."""
    name = image.reference.partition("@")[0]
    account = {"username": login.username, "password": login.password}
    engine.client.api.pull(name, tag=image.digest, auth_config=account)
    return f"{name}@{image.digest}"


def path_of(target: ImageTarget) -> str:
    return (target.repository or "").split("/", 1)[1]


class TestInTheEngine:
    def test_a_script_is_built_once_and_runs(self, engine: Engine, folder: Path) -> None:
        image = image_of(folder)
        assert run(engine, image.reference).output == "six is 1.17.0\n"
        told = Told()
        assert image_of(folder, told=told) == image
        assert told.lines == []

    def test_an_edit_keeps_the_environment(self, engine: Engine, folder: Path) -> None:
        first = image_of(folder)
        (folder / "train.py").write_text("print('other')\n")
        second = image_of(folder)
        assert second.environment_digest == first.environment_digest
        assert second.digest != first.digest
        assert run(engine, second.reference).output == "other\n"

    def test_what_was_deleted_does_not_come_back(self, engine: Engine, folder: Path) -> None:
        (folder / "old.py").write_text("")
        image_of(folder)
        (folder / "old.py").unlink()
        files = files_of(engine, image_of(folder).reference, "/opt/fahr/code")
        assert "code/train.py" in files
        assert "code/old.py" not in files

    def test_files_are_roots_and_readable_whatever_they_were(
        self, engine: Engine, folder: Path
    ) -> None:
        (folder / "train.py").chmod(0o600)
        (folder / "tool.sh").write_text("#!/bin/sh\n")
        (folder / "tool.sh").chmod(0o700)
        files = files_of(engine, image_of(folder).reference, "/opt/fahr/code")
        assert files["code/train.py"][1:4] == ("0o644", 0, 0)
        assert files["code/tool.sh"][1:4] == ("0o755", 0, 0)
        assert files["code/run.sh"][1:4] == ("0o755", 0, 0)

    def test_a_notebook_runs_by_papermill(self, engine: Engine, folder: Path) -> None:
        (folder / "train.py").unlink()
        (folder / "train.ipynb").write_text(json.dumps(notebook(SCRIPT)))
        ran = run(engine, image_of(folder).reference, "train.ipynb", kind="notebook")
        assert ran.status == 0, ran.output
        assert "six is 1.17.0" in ran.output

    @pytest.mark.parametrize("kind", ["pyproject", "uv", "script", "conda", "none"])
    def test_environments_of_every_kind(self, engine: Engine, folder: Path, kind: str) -> None:
        (folder / "requirements.txt").unlink()
        write_environment(folder, kind)
        ran = run(engine, image_of(folder).reference)
        assert (ran.status, ran.output.strip()) == (
            0,
            "plain" if kind == "none" else "six is 1.17.0",
        )

    def test_an_image_of_ones_own_keeps_its_packages(self, engine: Engine, folder: Path) -> None:
        own = f"fahr/{folder.name}:own"
        dockerfile = (
            "FROM python:3.11-slim-bookworm\nRUN mkdir -p /usr/local/lib/python3.11/dist-packages\n"
            "RUN echo 'x = 42' > /usr/local/lib/python3.11/dist-packages/ours.py\n"
        )
        subprocess.run(
            ["docker", "build", "-q", "-t", own, "-"], input=dockerfile, text=True, check=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        (folder / "train.py").write_text("import ours, six\nprint(ours.x, six.__version__)\n")
        image = image_of(folder, train_image=own)
        assert run(engine, image.reference).output == "42 1.17.0\n"

    def test_a_base_that_was_made_anew_makes_another_environment(
        self, engine: Engine, folder: Path
    ) -> None:
        own = f"fahr/{folder.name}:own"
        text = "FROM python:3.11-slim-bookworm\nRUN echo {0} > /made\n"
        (folder / "train.py").write_text("print(open('/made').read())\n")
        images = []
        for made in ("once", "again"):
            build = ["docker", "build", "-q", "-t", own, "-"]
            subprocess.run(build, input=text.format(made), text=True, check=True)
            images.append(image_of(folder, train_image=own))
            assert run(engine, images[-1].reference).output.strip() == made
        assert images[0].environment_digest != images[1].environment_digest

    def test_a_gpu_image_asks_for_gpus(self, engine: Engine, folder: Path) -> None:
        image = image_of(folder, gpus=True)
        assert (folder / "Dockerfile").read_text().count(
            "FROM nvidia/cuda:12.4.1-cudnn-runtime"
        ) == 1
        variables = config_of(engine, image.reference)["Env"]
        assert "NVIDIA_VISIBLE_DEVICES=all" in variables
        assert run(engine, image.reference).output == "six is 1.17.0\n"

    def test_two_at_once_build_one_environment(self, engine: Engine, folder: Path) -> None:
        (folder / "requirements.txt").write_text("six==1.16.0\n")
        job = job_of(folder)
        artifacts = rendered(job)
        first = image_of(folder)
        engine.client.images.remove(first.reference, force=True)
        for image in engine.client.images.list(name="fahr/env"):
            if image.id == first.environment_digest:
                engine.client.images.remove(image.id, force=True)
        told = [Told(), Told()]
        images = together(job, artifacts, told)
        assert images[0] == images[1]
        builds = [t for t in told if "building the environment" in t.text]
        assert len(builds) == 1


class TestByHand:
    def test_docker_build_gives_the_same_files(self, engine: Engine, folder: Path) -> None:
        image = image_of(folder)
        by_hand = f"fahr/{folder.name}:by-hand"
        build_by_hand(folder, by_hand)
        ours = files_of(engine, image.reference, "/opt/fahr/code")
        hands = files_of(engine, by_hand, "/opt/fahr/code")
        # The lock in the folder has a date, ours is the same for the same packages.
        lock = "code/.fahr/environment.lock"
        assert lock in ours
        assert lock in hands
        del ours[lock], hands[lock]
        assert hands == ours
        assert config_of(engine, by_hand) == config_of(engine, image.reference)
        assert run(engine, by_hand).output == "six is 1.17.0\n"


class TestEdited:
    def test_the_environments_edit_is_part_of_it(self, engine: Engine, folder: Path) -> None:
        plain = image_of(folder)
        edit(folder, "WORKDIR", "RUN echo edited > /edited\nWORKDIR")
        (folder / "train.py").write_text("print(open('/edited').read())\n")
        image = image_of(folder)
        assert image.environment_digest not in (None, plain.environment_digest)
        assert run(engine, image.reference).output.strip() == "edited"

    def test_files_that_the_environment_copies_count(self, engine: Engine, folder: Path) -> None:
        image_of(folder)
        edit(folder, "WORKDIR", "COPY setup.txt /setup.txt\nWORKDIR")
        (folder / "setup.txt").write_text("one")
        (folder / "train.py").write_text("print(open('/setup.txt').read())\n")
        first = image_of(folder)
        (folder / "train.py").write_text("print(open('/setup.txt').read(), 2)\n")
        second = image_of(folder)
        assert second.environment_digest == first.environment_digest
        (folder / "setup.txt").write_text("two")
        third = image_of(folder)
        assert third.environment_digest != first.environment_digest
        assert run(engine, third.reference).output == "two 2\n"

    def test_an_edited_job_stage_is_built_whole(self, engine: Engine, folder: Path) -> None:
        image_of(folder)
        with (folder / "Dockerfile").open("a") as file:
            file.write("RUN echo mine > /opt/fahr/code/mine\n")
        (folder / "train.py").write_text("print(open('mine').read())\n")
        told = Told()
        image = image_of(folder, told=told)
        assert "built whole" in told.text
        assert image.environment_digest is None
        assert run(engine, image.reference).output.strip() == "mine"
        assert image_of(folder) == image

    def test_a_dockerfile_of_ones_own_is_built_whole(self, engine: Engine, folder: Path) -> None:
        (folder / "Dockerfile").write_text(
            "FROM python:3.11-slim-bookworm\nCOPY . /opt/program\nWORKDIR /opt/program\n"
            'ENTRYPOINT ["python3", "old.py"]\n'
        )
        (folder / "old.py").write_text("print('as it always did')\n")
        image = image_of(folder)
        assert (folder / "Dockerfile").read_text().startswith("FROM python")
        assert run(engine, image.reference).output == "as it always did\n"

    def test_a_step_that_fails_is_named_with_its_last_lines(
        self, engine: Engine, folder: Path
    ) -> None:
        image_of(folder)
        edit(folder, "WORKDIR", "RUN echo this and that; echo no such thing >&2; exit 3\nWORKDIR")
        with pytest.raises(UsageError, match=r"failed at: \[env \d/\d\] RUN echo this") as raised:
            image_of(folder)
        assert "no such thing" in raised.value.hints
        assert len(raised.value.hints) < 15

    def test_a_base_that_is_not_to_be_had_is_told(self, engine: Engine, folder: Path) -> None:
        with pytest.raises(FahrError, match=r"nowhere\.invalid"):
            image_of(folder, train_image="nowhere.invalid/team/base:1")


class TestInARegistry:
    def test_the_appended_image_equals_the_built_one(
        self, engine: Engine, folder: Path, target: ImageTarget, login: Login
    ) -> None:
        for name in ODD_NAMES:
            (folder / name).write_text(name)
        (folder / "sub" / "empty").mkdir(parents=True)
        (folder / "sub" / "link.py").symlink_to("../train.py")
        built = image_of(folder)
        appended = image_of(folder, target, login)
        reference = pulled(engine, appended, login)
        assert config_of(engine, reference) == config_of(engine, built.reference)
        layers = [
            engine.client.images.get(name).attrs["RootFS"]["Layers"]
            for name in (reference, built.reference)
        ]
        assert layers[0][:-1] == layers[1][:-1]
        ours, engines = (files_of(engine, name, "/opt") for name in (reference, built.reference))
        assert "opt/fahr/code/sub/empty" in ours
        assert ours == engines
        engine.client.images.remove(reference, force=True)

    def test_every_odd_name_trains(
        self, engine: Engine, folder: Path, target: ImageTarget, login: Login
    ) -> None:
        for name in ODD_NAMES:
            (folder / name).write_text(f"print({name!r})\n")
        reference = pulled(engine, image_of(folder, target, login), login)
        text = (folder / "Dockerfile").read_text()
        for name in ODD_NAMES:
            ran = run(engine, reference, name)
            assert ran.output == f"{name}\n"
            assert name not in text
        engine.client.images.remove(reference, force=True)

    @settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck))
    @given(names=st.lists(NAMES, min_size=3, max_size=3, unique=True))
    def test_names_that_nobody_thought_of_train(
        self, engine: Engine, folder: Path, target: ImageTarget, login: Login, names: list[str]
    ) -> None:
        text = dockerfile_of(folder, target, login)
        for name in names:
            (folder / name).write_text(f"print({name!a})\n")
        reference = pulled(engine, image_of(folder, target, login), login)
        for name in names:
            ran = run(engine, reference, name)
            assert ran.output == f"{name}\n"
        assert (folder / "Dockerfile").read_text() == text
        engine.client.images.remove(reference, force=True)

    def test_unchanged_is_one_request_and_an_edit_needs_no_engine(
        self, engine: Engine, folder: Path, target: ImageTarget, login: Login, faulty: Faults
    ) -> None:
        image_of(folder, target, login)
        through = ImageTarget(repository=f"{faulty.host}/{path_of(target)}")
        account = Login(faulty.host, login.username, login.password)
        first = image_of(folder, through, account)
        with without_engine():
            faulty.begin()
            assert image_of(folder, through, account) == first
            assert [request.split()[0] for request in faulty.seen] == ["HEAD"]
            (folder / "train.py").write_text("print('edited')\n")
            second = image_of(folder, through, account)
        assert second.environment_digest == first.environment_digest
        reference = pulled(engine, replace(second, reference=target.repository or ""), login)
        assert run(engine, reference).output == "edited\n"
        engine.client.images.remove(reference, force=True)

    def test_a_dockerfile_of_ones_own_goes_whole(
        self, engine: Engine, folder: Path, target: ImageTarget, login: Login
    ) -> None:
        (folder / "Dockerfile").write_text("FROM python:3.11-slim-bookworm\nCOPY . /own\n")
        image = image_of(folder, target, login)
        with without_engine():
            assert image_of(folder, target, login) == image
        reference = pulled(engine, image, login)
        assert "own/train.py" in files_of(engine, reference, "/own")
        engine.client.images.remove(reference, force=True)

    @pytest.mark.parametrize("own", [False, True], ids=["appended", "whole"])
    def test_a_wrong_password_leaves_nothing(
        self, folder: Path, target: ImageTarget, real_registry: RealRegistry, own: bool
    ) -> None:
        if own:
            (folder / "Dockerfile").write_text("FROM python:3.11-slim-bookworm\nCOPY . /own\n")
        with pytest.raises(AccessError):
            image_of(folder, target, real_registry.login("wrong"))
        with real_registry.repository(path_of(target)) as registry:
            assert registry.tags() == ()

    def test_two_at_once_push_one_image(
        self, folder: Path, target: ImageTarget, login: Login, real_registry: RealRegistry
    ) -> None:
        job = job_of(folder)
        images = together(job, rendered(job), [Told(), Told()], target, login)
        assert images[0] == images[1]
        with real_registry.repository(path_of(target)) as registry:
            assert sorted(tag.partition("-")[0] for tag in registry.tags()) == ["code", "env"]


class TestWithoutBuildx:
    def test_the_plain_dockerfile_gives_the_same_job(
        self, engine: Engine, folder: Path, no_buildx: None
    ) -> None:
        (folder / "requirements.txt").write_text("six==1.15.0\n")
        image = image_of(folder)
        assert run(engine, image.reference).output == "six is 1.15.0\n"
        files = files_of(engine, image.reference, "/opt/fahr")
        assert not [path for path in files if path.endswith(("ca.pem", "/uv"))]
        assert not files_of(engine, image.reference, "/run").keys() & {"run/fahr"}

    def test_an_edited_dockerfile_that_needs_buildkit_is_refused(
        self, folder: Path, no_buildx: None
    ) -> None:
        image_of(folder, write=True)
        edit(folder, "WORKDIR", "RUN --mount=type=cache,target=/c true\nWORKDIR")
        with pytest.raises(UsageError, match="no BuildKit") as raised:
            image_of(folder)
        assert any("buildx" in hint for hint in raised.value.hints)

    def test_a_step_that_fails_is_named(self, folder: Path, no_buildx: None) -> None:
        (folder / "Dockerfile").write_text(
            "FROM python:3.11-slim-bookworm\nRUN echo no such thing; exit 3\n"
        )
        with pytest.raises(UsageError, match="failed at: RUN echo no such thing") as raised:
            image_of(folder)
        assert "no such thing" in raised.value.hints


class TestHygiene:
    def test_a_certificate_is_lent_and_not_kept(
        self, engine: Engine, folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        marker = f"# authority {uuid4().hex}\n"
        own = os.environ.get("SSL_CERT_FILE")
        (tmp_path / "ca.pem").write_text(marker + (Path(own).read_text() if own else ""))
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
        rendered(job_of(folder))
        edit(folder, "set -eu; ", f"set -eu; grep '{marker.strip()}' /run/secrets/ca | sha1sum; ")
        image = image_of(folder)  # fails unless the certificate was there
        base = saved(engine, "python:3.11-slim-bookworm")
        text = saved(engine, image.reference).replace(base, b"")
        assert marker.encode() not in text

    def test_the_login_of_an_index_is_lent_and_not_kept(
        self, engine: Engine, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The index is reached by a name that only this machine's variables hold."""
        secret = uuid4().hex
        monkeypatch.setenv("UV_INDEX_PRIVATE_PASSWORD", secret)
        rendered(job_of(folder))
        look = f"test \"$UV_INDEX_PRIVATE_PASSWORD\" = '{secret[:16]}''{secret[16:]}'"
        edit(folder, "/run/secrets/index; fi; ", f"/run/secrets/index; fi; {look}; ")
        image = image_of(folder)  # fails unless the login was there
        assert secret.encode() not in saved(engine, image.reference)

    def test_packages_that_cannot_be_installed_are_told(self, folder: Path) -> None:
        rendered(job_of(folder))
        install = "pip install --python /opt/fahr/env"
        edit(folder, install, f"{install} no-such-package-anywhere-x")
        with pytest.raises(EnvironmentFileError, match="environment's image failed at"):
            image_of(folder)


def test_without_an_engine_there_is_one_clear_error(folder: Path) -> None:
    with without_engine(), pytest.raises(UsageError) as raised:
        image_of(folder)
    assert raised.value.message == "no Docker engine answers (unix:///nowhere/docker.sock)"
    assert raised.value.hints[0] == "start Docker, or without it: fahr fit --train-driver=local"
    assert raised.value.hints[-1] == "nothing was sent"


def dockerfile_of(folder: Path, target: ImageTarget, login: Login) -> str:
    """Give the Dockerfile of an experiment as it is before any odd name is there."""
    if not (folder / "Dockerfile").exists():
        image_of(folder, target, login)
    return (folder / "Dockerfile").read_text()


def edit(folder: Path, old: str, new: str) -> None:
    """Edit the Dockerfile as a person would."""
    path = folder / "Dockerfile"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def together(job, artifacts, told, target=None, login=None) -> list[Image]:
    """Make one image from two threads at once."""
    from fahr_docker.build_drivers import cpu

    images: list[Image] = []
    errors: list[BaseException] = []

    def make(progress: Told) -> None:
        try:
            images.append(cpu.build_image(job, artifacts, target or ImageTarget(), login, progress))
        except BaseException as error:  # noqa: BLE001 - told to the test
            errors.append(error)

    threads = [threading.Thread(target=make, args=(progress,)) for progress in told]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors, errors
    return images


def notebook(source: str) -> dict:
    cell = {"cell_type": "code", "source": source, "metadata": {}, "outputs": [],
            "execution_count": None}  # fmt: skip
    kernel = {"kernelspec": {"name": "anything", "display_name": "x", "language": "python"}}
    return {"cells": [cell], "metadata": kernel, "nbformat": 4, "nbformat_minor": 4}


def write_environment(folder: Path, kind: str) -> None:
    project = '[project]\nname = "x"\nversion = "1"\nrequires-python = ">=3.11"\n'
    if kind in ("pyproject", "uv"):
        (folder / "pyproject.toml").write_text(f'{project}dependencies = ["six==1.17.0"]\n')
    if kind == "uv":
        subprocess.run(["uv", "lock", "--quiet"], cwd=folder, check=True)
    if kind == "script":
        block = '# /// script\n# dependencies = ["six==1.17.0"]\n# ///\n'
        (folder / "train.py").write_text(block + SCRIPT)
    if kind == "conda":
        (folder / "environment.yaml").write_text(
            "dependencies:\n  - python=3.11\n  - pip\n  - pip:\n    - six==1.17.0\n"
        )
    if kind == "none":
        (folder / "train.py").write_text("print('plain')\n")
