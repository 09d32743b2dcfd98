"""What goes wrong while images are made: a clear error or success, and nothing half made."""

from __future__ import annotations

import gc
import os
import re
import subprocess
import threading
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from cutting import cutting
from experiments import folder
from fahr_core.container import UV_IMAGE
from fahr_core.errors import AccessError, DiskError, ServiceError
from fahr_core.models import ImageTarget, Login
from made_jobs import Told, image_of, job_of, rendered
from real_engine import run
from real_registry import PASSWORD, USERNAME, running
from second_engine import BASE, SecondEngine, second_engine
from tokens import TokenServer, token_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fahr_docker.engine.local import Engine
    from real_registry import RealRegistry

__all__ = ["folder"]

SLOW = f"FROM {BASE}\nRUN echo begun; sleep 60\n"


@pytest.fixture
def own_engine() -> Iterator[SecondEngine]:
    """Give an engine with a disk of 60 MB, which is the one that fahr finds."""
    with second_engine(megabytes=60) as engine:
        yield engine


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    """Give an experiment that needs no packages; what is built of it is no other test's image."""
    folder = tmp_path / f"exp-{uuid4().hex[:12]}"
    folder.mkdir()
    (folder / "train.py").write_text(f"print({folder.name!r})\n")
    return folder


@pytest.fixture
def target(real_registry: RealRegistry) -> ImageTarget:
    return ImageTarget(repository=f"{real_registry.host}/team/exp-{uuid4().hex[:12]}")


def tags_of(real_registry: RealRegistry, target: ImageTarget) -> set[str]:
    with real_registry.repository((target.repository or "").partition("/")[2]) as registry:
        return set(registry.tags())


class Stopping(Told):
    """Does something once a build tells a text."""

    def __init__(self, text: str, do) -> None:
        super().__init__()
        self._text, self._do = text, do

    def __call__(self, stage: str, text: str = "", done=None, total=None) -> None:
        super().__call__(stage, text, done, total)
        if text == self._text:
            self._do()


# Docker's library leaves a socket open with which it reached nobody.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("buildx", [True, False], ids=["buildx", "plain"])
def test_an_engine_that_stops_in_the_middle_is_told(
    own_engine: SecondEngine, plain: Path, buildx: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not buildx:
        from fahr_docker.engine import finding

        monkeypatch.setattr(finding, "find_buildx", lambda: None)
    (plain / "Dockerfile").write_text(SLOW)
    with pytest.raises(ServiceError) as raised:
        image_of(plain, told=Stopping("begun", own_engine.stop))
    assert "the engine stopped answering" in raised.value.message
    assert "nothing was sent" in raised.value.hints
    raised = None
    gc.collect()  # so that it is noticed here, and in no later test


def test_an_engine_whose_disk_is_full_is_told(own_engine: SecondEngine, plain: Path) -> None:
    (plain / "Dockerfile").write_text(f"FROM {BASE}\nCOPY . /code\n")
    (plain / "weights.bin").write_bytes(os.urandom(80_000_000))
    with pytest.raises(DiskError, match="the engine's disk is full") as raised:
        image_of(plain)
    assert "nothing was sent" in raised.value.hints
    (plain / "weights.bin").write_bytes(b"less")
    assert image_of(plain).digest


def test_a_disk_that_is_full_here_is_told(
    engine: Engine, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mounted = ["mount", "-t", "tmpfs", "-o", "size=100k", "tmpfs", str(small)]
    if subprocess.run(mounted, check=False).returncode:
        pytest.skip("tmpfs cannot be mounted: not root")
    try:
        (folder / "numbers.bin").write_bytes(os.urandom(200_000))
        job = job_of(folder)
        artifacts = rendered(job)
        monkeypatch.setattr("tempfile.tempdir", str(small))
        from fahr_docker.build_drivers import cpu

        with pytest.raises(DiskError, match="cannot stage the image's files: No space left"):
            cpu.build_image(job, artifacts, ImageTarget(), None, Told())
        assert list(small.iterdir()) == []
    finally:
        subprocess.run(["umount", "--lazy", str(small)], check=True)


def test_two_fits_at_once_share_the_environment_and_not_the_code(
    engine: Engine, folder: Path, target: ImageTarget, real_registry: RealRegistry
) -> None:
    """The same folder, edited between two fits that run at the same time."""
    jobs = []
    for word in ("one", "two"):
        (folder / "train.py").write_text(f"print({word!r})\n")
        jobs.append(job_of(folder))
    made: dict[str, object] = {}
    together = threading.Barrier(2)

    def make(word: str, job) -> None:
        from fahr_docker.build_drivers import cpu

        artifacts = rendered(job, write=False)
        together.wait()
        try:
            made[word] = cpu.build_image(job, artifacts, target, real_registry.login(), Told())
        except BaseException as error:  # noqa: BLE001 - told to the test
            made[word] = error

    pairs = zip(("one", "two"), jobs, strict=True)
    threads = [threading.Thread(target=make, args=pair) for pair in pairs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    one, two = made["one"], made["two"]
    assert one.environment_digest == two.environment_digest  # type: ignore[attr-defined]
    for word, image in (("one", one), ("two", two)):
        account = {"username": USERNAME, "password": PASSWORD}
        name = target.repository
        engine.client.api.pull(name, tag=image.digest, auth_config=account)  # type: ignore[attr-defined]
        reference = f"{name}@{image.digest}"  # type: ignore[attr-defined]
        assert run(engine, reference).output == f"{word}\n"
        engine.client.images.remove(reference, force=True)
    kinds = [tag.partition("-")[0] for tag in tags_of(real_registry, target)]
    assert sorted(kinds) == ["code", "code", "env"]


@pytest.mark.parametrize(
    ("at", "gets_over"),
    [("HEAD /v2/.*/manifests/", False), ("PATCH", True), ("PUT /v2/.*/manifests/", False)],
    ids=["looking", "sending", "naming"],
)
def test_a_registry_that_is_cut_off_leaves_no_half_tag(
    engine: Engine,
    plain: Path,
    target: ImageTarget,
    real_registry: RealRegistry,
    at: str,
    gets_over: bool,
) -> None:
    """While fahr looks for an image, and while the engine pushes it."""
    (plain / "Dockerfile").write_text(f"FROM {UV_IMAGE}\nCOPY . /own\n")
    path = (target.repository or "").partition("/")[2]
    with cutting(real_registry.host) as proxy:
        through = ImageTarget(repository=f"{proxy.host}/{path}")
        login = Login(proxy.host, USERNAME, PASSWORD)
        cut: list[str] = []

        def cuts(request: str) -> bool:
            if not re.match(at, request) or (gets_over and cut):
                return False
            cut.append(request)
            return True

        proxy.cuts = cuts
        if not gets_over:
            with pytest.raises(ServiceError) as raised:
                image_of(plain, through, login)
            assert PASSWORD not in str(raised.value)
            assert tags_of(real_registry, target) == set()
            proxy.cuts = lambda request: False
        image = image_of(plain, through, login)
        assert cut
    with real_registry.repository(path) as registry:
        assert registry.head_manifest(image.digest or "") == image.digest
        assert [registry.head_manifest(tag) for tag in registry.tags()] == [image.digest]
    tags = [tag for one in engine.stored() for tag in one.tags]
    assert any(path in tag for tag in tags)
    for tag in tags:
        if path in tag or plain.name in tag:
            engine.untag(tag)


@pytest.fixture
def tokens(tmp_path: Path) -> Iterator[TokenServer]:
    (tmp_path / "tokens").mkdir()
    with token_server(tmp_path / "tokens") as server:
        yield server


def test_a_registry_of_tokens_that_end_takes_an_image(
    engine: Engine, folder: Path, tokens: TokenServer, tmp_path: Path
) -> None:
    """Pushed by the engine, added to by fahr, each with tokens that hold for two seconds."""
    tokens.life = 2
    (tmp_path / "registry").mkdir()
    with running(tmp_path / "registry", tokens.auth) as registry:
        target = ImageTarget(repository=f"{registry.host}/team/{folder.name}")
        image = image_of(folder, target, registry.login())
        with registry.repository(f"team/{folder.name}") as client:
            assert client.head_manifest(image.digest or "") == image.digest
        (folder / "train.py").write_text("print('edited')\n")
        with pytest.raises(AccessError) as raised:
            image_of(folder, target, registry.login("wrong"))
        assert "wrong" not in raised.value.message
