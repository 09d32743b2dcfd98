from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fahr_core.errors import DiskError, UsageError
from fahr_core.inputs import digest_of_tree, is_local, read_inputs
from fahr_core.models import Input


def test_locations(tmp_path: Path, own_home: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "a=b.csv").write_text("")
    (own_home / "set").mkdir()
    texts = [
        "data=s3://bucket/prefix",
        "prior=job:resnet48-128-train-1",
        "local=./folder",
        "eq=a=b.csv",
        "home=~/set",
    ]
    assert read_inputs(texts, tmp_path) == (
        Input(name="data", location="s3://bucket/prefix"),
        Input(name="prior", location="job:resnet48-128-train-1"),
        Input(name="local", location=str(tmp_path / "folder")),
        Input(name="eq", location=str(tmp_path / "a=b.csv")),
        Input(name="home", location=str((own_home / "set").resolve())),
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("data", '"data" is no input'),
        ("data=", '"data=" is no input'),
        ("=x", "no name for an input"),
        ("a b=x", "no name for an input"),
        ("a" * 65 + "=x", "no name for an input"),
        ("ü=x", "no name for an input"),
        ("data=job:", "names no job"),
        ("data=./dtaa.csv", r"did you mean ./data\.csv\?"),
        ("data=gone/x", "input data: no file or folder gone/x$"),
        ("data=" + "x" * 300, "input data: "),
        ("data=~nobody-here/x", "input data: "),
    ],
)
def test_what_is_refused(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "data.csv").write_text("")
    with pytest.raises(UsageError, match=told):
        read_inputs([text], tmp_path)


def test_a_name_twice(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="two inputs are called a: s3://x/1 and s3://x/2"):
        read_inputs(["a=s3://x/1", "a=s3://x/2"], tmp_path)


@pytest.mark.parametrize("location", ["s3://b/p", "gs://b", "https://h/x", "job:a-1"])
def test_what_is_elsewhere(location: str) -> None:
    assert not is_local(location)


@pytest.mark.parametrize("location", ["x", "./job:a", "C:\\data", "C://data", "/a", "s3:/b"])
def test_what_is_here(location: str) -> None:
    assert is_local(location)


class TestDigest:
    def tree(self, folder: Path) -> Path:
        (folder / "sub").mkdir(parents=True)
        (folder / "a").write_bytes(b"one")
        (folder / "sub" / "b").write_bytes(b"two")
        (folder / "link").symlink_to("a")
        return folder

    def test_only_content_counts(self, tmp_path: Path) -> None:
        one, two = self.tree(tmp_path / "1"), self.tree(tmp_path / "2")
        os.utime(two / "a", (1, 1))
        (two / "a").chmod(0o600)
        assert digest_of_tree(one) == digest_of_tree(two)
        (tmp_path / "3").symlink_to("1")
        assert digest_of_tree(tmp_path / "3") == digest_of_tree(one)

    def test_each_change_counts(self, tmp_path: Path) -> None:
        tree = self.tree(tmp_path / "t")
        seen = [digest_of_tree(tree)]
        changes = (
            lambda: (tree / "a").write_bytes(b"One"),
            lambda: (tree / "sub" / "b").rename(tree / "sub" / "c"),
            lambda: (tree / "a").chmod(0o755),
            lambda: (tree / "empty").mkdir(),
            lambda: (tree / "link").unlink(),
            lambda: (tree / "link").symlink_to("sub"),
        )
        for change in changes:
            change()
            seen.append(digest_of_tree(tree))
        assert len(set(seen)) == len(seen)
        assert all(digest.startswith("sha256:") for digest in seen)

    def test_a_file_alone(self, tmp_path: Path) -> None:
        (tmp_path / "a").write_bytes(b"x" * 3_000_000)
        (tmp_path / "b").write_bytes(b"x" * 3_000_000)
        assert digest_of_tree(tmp_path / "a") == digest_of_tree(str(tmp_path / "b"))

    def test_what_cannot_be_read(self, tmp_path: Path) -> None:
        with pytest.raises(DiskError, match="cannot be read"):
            digest_of_tree(tmp_path / "gone")
        os.mkfifo(tmp_path / "pipe")
        with pytest.raises(DiskError, match="pipe cannot be read: neither"):
            digest_of_tree(tmp_path)


@given(st.text(max_size=30))
def test_nothing_else_is_ever_raised(text: str) -> None:
    try:
        (found,) = read_inputs([text], Path("/nonexistent"))
    except UsageError:
        return
    assert is_local(found.location) or text == f"{found.name}={found.location}"
