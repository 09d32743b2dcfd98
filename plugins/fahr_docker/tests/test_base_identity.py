from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from fahr_core.environment import lock as locks
from fahr_core.errors import FahrError, UsageError
from fahr_docker.base_identity import base_identity, pinned
from fahr_docker.engine.local import LocalImage
from made_jobs import Told

if TYPE_CHECKING:
    from pathlib import Path

NAME = "python:3.11-slim-bookworm"
DIGEST = "sha256:" + "1" * 64
ID = "sha256:" + "2" * 64


@dataclass
class Store:
    """An engine's store with one image in it, or none; counts how often it is asked."""

    image: LocalImage | None
    asked: list[str] = field(default_factory=list)

    def find(self, reference: str) -> LocalImage | None:
        self.asked.append(reference)
        return self.image

    def __call__(self) -> Store:
        return self


def image(*digests: str) -> LocalImage:
    return LocalImage(id=ID, size=1, platform="linux/amd64", digests=digests)


def identity(folder: Path, engine: object, name: str = NAME) -> str:
    return base_identity(name, "linux/amd64", folder, engine, Told())  # type: ignore[arg-type]


def write_lock(folder: Path) -> None:
    lock = locks.Lock(
        key="k", kind="requirements", file="requirements.txt", python="3.11",
        platform="x86_64-unknown-linux-gnu", created=1.0, resolver="uv", body="six==1.17.0\n",
    )  # fmt: skip
    locks.write(folder, lock)


def no_engine() -> Store:
    raise UsageError("no engine")


def test_a_digest_is_itself(tmp_path: Path) -> None:
    assert identity(tmp_path, no_engine, f"{NAME}@{DIGEST}") == DIGEST


@pytest.mark.parametrize("name", ["", "$BASE", "python:${VERSION}"])
def test_what_the_dockerfile_leaves_open_has_none(tmp_path: Path, name: str) -> None:
    assert identity(tmp_path, no_engine, name) == ""


def test_the_engine_is_asked_once(tmp_path: Path) -> None:
    store = Store(image(f"python@{DIGEST}"))
    assert [identity(tmp_path, store) for _ in range(3)] == [DIGEST] * 3
    assert store.asked == [NAME]


def test_another_registrys_digest_of_it_does_not_count(tmp_path: Path) -> None:
    store = Store(image(f"host:5000/mirror@{DIGEST}"))
    assert identity(tmp_path, store) == ID


def test_a_team_builds_on_what_the_lock_notes(tmp_path: Path, own_home: Path) -> None:
    write_lock(tmp_path)
    identity(tmp_path, Store(image(f"python@{DIGEST}")))
    lock = locks.read(tmp_path)
    assert lock is not None
    assert lock.base == f"{NAME}@{DIGEST}"
    for file in (own_home / "fahr" / "cache" / "bases").iterdir():
        file.unlink()  # another machine
    assert identity(tmp_path, no_engine) == DIGEST


def test_the_lock_of_another_base_says_nothing(tmp_path: Path) -> None:
    write_lock(tmp_path)
    identity(tmp_path, Store(image(f"python@{DIGEST}")))
    assert identity(tmp_path, Store(image()), "ubuntu:24.04") == ID


def test_an_id_of_this_machine_is_not_noted_for_others(tmp_path: Path) -> None:
    write_lock(tmp_path)
    assert identity(tmp_path, Store(image())) == ID
    lock = locks.read(tmp_path)
    assert lock is not None
    assert lock.base is None
    assert identity(tmp_path, no_engine) == ID


def test_without_a_lock_it_is_looked_up_again_after_a_month(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    identity(tmp_path, Store(image(f"python@{DIGEST}")))
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 31 * 86400)
    assert identity(tmp_path, Store(image())) == ID


def test_with_neither_engine_nor_registry_the_engines_error_is_told(tmp_path: Path) -> None:
    with pytest.raises(FahrError, match="no engine"):
        identity(tmp_path, no_engine, "127.0.0.1:1/nothing:1")


def test_a_dockerfile_is_pinned_to_the_image_that_was_meant() -> None:
    text = f"FROM uv AS uv\nFROM {NAME} AS env\nFROM env\n"
    assert pinned(text, NAME, DIGEST, known=True).split("\n")[1] == f"FROM {NAME}@{DIGEST} AS env"
    assert pinned(text, NAME, ID, known=False) == text
