from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fahr_core import store
from fahr_core.errors import DiskError, FahrError
from fahr_core.paths import store_folder

WRITER = """
from fahr_core import store
for turn in range(40):
    store.put(b"the same" * 1000)
"""


@given(st.binary(max_size=50), st.lists(st.binary(max_size=9), max_size=5))
def test_what_is_put_is_read(content: bytes, pieces: list[bytes]) -> None:
    digest = store.put(content)
    assert digest == "sha256:" + hashlib.sha256(content).hexdigest() == store.digest_of(content)
    assert store.read(digest) == content
    with store.writing() as file:
        assert [file.write(piece) for piece in pieces] == [len(piece) for piece in pieces]
        assert file.tell() == sum(map(len, pieces))
        file.flush()
        assert file.digest == ""
    assert store.read(file.digest) == b"".join(pieces)


def test_a_content_that_is_gone() -> None:
    digest = store.put(b"x")
    store.stored_path(digest).unlink()
    with pytest.raises(FahrError, match=f"{digest} is not on this machine any more"):
        store.read(digest)


def files() -> list[Path]:
    return [path for path in store_folder().rglob("*") if path.is_file()]


def test_asking_for_a_place_makes_none() -> None:
    assert store.stored_path(store.digest_of(b"x")).is_relative_to(store_folder())
    assert not store_folder().exists()


def test_whoever_fails_while_writing_leaves_nothing() -> None:
    def fails(error: type[BaseException]) -> None:
        with store.writing() as file:
            file.write(b"half")
            raise error

    for error in (ValueError, KeyboardInterrupt):
        with pytest.raises(error):
            fails(error)
    assert files() == []


def test_many_writers_of_one_content_do_no_harm() -> None:
    writers = [subprocess.Popen([sys.executable, "-c", WRITER]) for _ in range(3)]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    (file,) = files()
    assert file.read_bytes() == b"the same" * 1000
    assert file == store.stored_path(store.digest_of(b"the same" * 1000))


def test_a_store_that_cannot_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    store_folder().parent.mkdir(parents=True)
    store_folder().write_text("a file")
    with pytest.raises(DiskError, match=r"cannot write to .*store"):
        store.put(b"x")


def test_a_full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: object) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(DiskError, match=r"cannot write to .*: No space left on device"):
        store.put(b"x")
    assert files() == []
