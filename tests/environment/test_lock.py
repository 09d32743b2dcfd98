from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fahr_core.environment import lock as locks
from fahr_core.environment.lock import Lock
from fahr_core.errors import DiskError
from fahr_core.models import Package

if TYPE_CHECKING:
    from pathlib import Path

BODY = (
    "--extra-index-url https://h/simple\n"
    "six==1.17.0 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\n"
    "wheel @ https://h/wheel-1.0-py3-none-any.whl \\\n    --hash=sha256:cc\n"
    "# unhashed: clip @ git+https://h/clip@0123abc\n"
    "# conda: https://h/linux-64/libjpeg-turbo-3.0.0-hd590300_1.conda#d41d\n"
)
LOCK = Lock(
    key="k", kind="requirements", file="requirements.txt", python="3.11",
    platform="x86_64-unknown-linux-gnu", created=1_700_000_000.0, resolver="uv 1", body=BODY,
)  # fmt: skip


@given(st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=60))
def test_a_lock_comes_back(body: str) -> None:
    lock = replace(LOCK, body=body, file=body, base="sha256:ab")
    assert locks.parse(locks.render(lock)) == lock


def test_other_line_ends_make_no_other_lock() -> None:
    assert locks.parse(locks.render(LOCK).replace("\n", "\r\n")) == LOCK


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("six==1.17.0", "six==1.16.0"),
        lambda text: text[:-20],
        lambda text: text.replace('"format": 1', '"format": 2'),
        lambda text: text.replace('"python": "3.11", ', ""),
        lambda text: "<<<<<<< HEAD\n" + text,
        lambda text: "",
        lambda text: "# \n# []\n",
    ],
)
def test_what_was_changed_or_cut_is_no_lock(change: object) -> None:
    assert callable(change)
    assert locks.parse(change(locks.render(LOCK))) is None


def test_what_is_stored_tells_neither_when_nor_from_what_it_was_made() -> None:
    later = replace(LOCK, created=2e9, key="other", file="environment.yaml", resolver="pip 1")
    assert locks.portable(later) == locks.portable(LOCK)
    assert locks.portable(replace(LOCK, python="3.12")) != locks.portable(LOCK)


def test_what_the_body_holds() -> None:
    assert locks.packages(BODY) == (
        Package(name="clip", version="0123abc"),
        Package(name="libjpeg-turbo", version="3.0.0"),
        Package(name="six", version="1.17.0"),
        Package(name="wheel", version="https://h/wheel-1.0-py3-none-any.whl"),
    )
    assert locks.unhashed(BODY) == ("clip @ git+https://h/clip@0123abc",)
    assert locks.conda_packages(BODY) == (
        "https://h/linux-64/libjpeg-turbo-3.0.0-hd590300_1.conda#d41d",
    )


def test_the_key_names_texts_and_inputs() -> None:
    keys = {
        locks.key_of({"a": "x"}, ("3.11",)),
        locks.key_of({"a": "y"}, ("3.11",)),
        locks.key_of({"b": "x"}, ("3.11",)),
        locks.key_of({"a": "x"}, ("3.12",)),
        locks.key_of({"a": "x"}, (None,)),
    }
    assert len(keys) == 5


def test_writing_is_whole_and_leaves_nothing_else(tmp_path: Path) -> None:
    locks.write(tmp_path, LOCK)
    locks.write(tmp_path, replace(LOCK, python="3.12"))
    read = locks.read(tmp_path)
    assert read
    assert read.python == "3.12"
    assert [path.name for path in (tmp_path / ".fahr").iterdir()] == ["environment.lock"]
    header = (tmp_path / locks.LOCK_FILE).read_text().split("\n")[1]
    assert json.loads(header[2:])["created"] == "2023-11-14T22:13:20+00:00"


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / ".fahr").write_text("a file in the way")
    with pytest.raises(DiskError, match=r"cannot write .*environment\.lock"):
        locks.write(tmp_path, LOCK)
    assert locks.read(tmp_path) is None


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-5, "locked just now"),
        (59, "locked just now"),
        (60, "locked 1 minute ago"),
        (7200, "locked 2 hours ago"),
        (86400 * 3 + 5, "locked 3 days ago"),
    ],
)
def test_age(seconds: float, said: str) -> None:
    assert locks.describe_age(1000.0, 1000.0 + seconds) == said
