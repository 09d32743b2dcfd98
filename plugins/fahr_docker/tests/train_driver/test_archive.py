from __future__ import annotations

import io
import os
import tarfile
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fahr_core.errors import DiskError, UsageError
from fahr_docker.train_driver.archive import Owner, file, folder, input_entries, tar_parts

OWNER = Owner(12, 34)
NAMES = st.binary(min_size=1, max_size=60).filter(
    lambda name: not {b"/"[0], 0} & set(name) and name not in (b".", b"..")
)


def read(parts: object) -> tarfile.TarFile:
    stream = io.BytesIO(b"".join(parts))
    return tarfile.open(fileobj=stream, encoding="utf-8", errors="surrogateescape")


def unpacked(source: Path) -> dict[str, tarfile.TarInfo]:
    with read(tar_parts(input_entries(source, "/in/x"), OWNER)) as tar:
        return {member.name: member for member in tar}


def test_files_have_their_owner_and_no_slash_before_them() -> None:
    entries = [folder("/opt/job"), file("/opt/job/s", b"abc", 0o600)]
    with read(tar_parts(entries, OWNER)) as tar:
        top, one = tar.getmembers()
        assert (top.name, top.isdir(), top.uid, top.gid) == ("opt/job", True, 12, 34)
        assert (one.name, one.mode, one.uid, one.gid) == ("opt/job/s", 0o600, 12, 34)
        assert tar.extractfile(one).read() == b"abc"


@settings(max_examples=25)
@given(st.dictionaries(NAMES, st.binary(max_size=2000), max_size=6))
def test_whatever_files_are_called_they_come_as_they_are(files: dict[bytes, bytes]) -> None:
    with tempfile.TemporaryDirectory() as place:
        for name, content in files.items():
            Path(place, os.fsdecode(name)).write_bytes(content)
        with read(tar_parts(input_entries(Path(place), "in/x"), OWNER)) as tar:
            found = {m.name: tar.extractfile(m).read() for m in tar if m.isfile()}
    assert found == {f"in/x/{os.fsdecode(name)}": content for name, content in files.items()}


def test_nothing_of_an_input_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "run").write_text("")
    (tmp_path / "deep" / "run").chmod(0o750)
    (tmp_path / "plain").write_text("")
    found = unpacked(tmp_path)
    modes = {name: oct(member.mode) for name, member in found.items()}
    assert modes == {
        "in/x": "0o555",
        "in/x/deep": "0o555",
        "in/x/deep/run": "0o555",
        "in/x/plain": "0o444",
    }


def test_links_stay_links_but_for_the_input_itself(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "link").symlink_to("nowhere")
    (tmp_path / "alias").symlink_to(data)
    found = unpacked(tmp_path / "alias")
    assert found["in/x"].isdir()
    assert (found["in/x/link"].issym(), found["in/x/link"].linkname) == (True, "nowhere")


def test_pipes_are_left_out(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert unpacked(tmp_path).keys() == {"in/x"}


def test_an_input_that_has_gone_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not there any more"):
        unpacked(tmp_path / "gone")


def test_a_file_that_becomes_shorter_is_said(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"x" * 10)
    entries = list(input_entries(tmp_path / "log", "in/x"))
    (tmp_path / "log").write_bytes(b"")
    with pytest.raises(DiskError, match="became shorter"):
        b"".join(tar_parts(entries, OWNER))
