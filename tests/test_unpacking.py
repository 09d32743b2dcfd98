from __future__ import annotations

import contextlib
import io
import os
import tarfile
import tracemalloc
from pathlib import Path
from typing import IO, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fahr_core.errors import DiskError, FahrError, ServiceError
from fahr_core.models import FetchedFile
from fahr_core.unpacking import extract_tar


class Forward(io.RawIOBase):
    """A stream as a connection gives it: read once, in small pieces."""

    def __init__(self, content: bytes) -> None:
        self._stream = io.BytesIO(content)

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        return self._stream.read(min(size, 700) if size >= 0 else 700)


def member(name: str, kind: bytes = tarfile.REGTYPE, **changes: Any) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type = kind
    for key, value in changes.items():
        setattr(info, key, value)
    return info


def tar(*members: tuple[tarfile.TarInfo, bytes], mode: str = "w") -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=mode) as archive:  # type: ignore[call-overload]
        for info, content in members:
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return stream.getvalue()


def unpack(content: bytes, folder: Path, **options: Any) -> list[FetchedFile]:
    return extract_tar(io.BytesIO(content), folder / "out", **options)


def everything(folder: Path) -> set[str]:
    return {file.relative_to(folder).as_posix() for file in folder.rglob("*")}


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_any_compression_from_a_file_or_a_stream(tmp_path: Path, mode: str) -> None:
    content = tar((member("./a/b.txt", mode=0o755), b"x" * 5000), (member("c"), b""), mode=mode)
    files = [FetchedFile(path="a/b.txt", size=5000), FetchedFile(path="c", size=0)]
    stream: IO[bytes] = Forward(content)  # type: ignore[assignment]
    assert extract_tar(stream, tmp_path / "1") == files
    (tmp_path / "x.tar").write_bytes(content)
    assert extract_tar(tmp_path / "x.tar", tmp_path / "2") == files
    assert (tmp_path / "2" / "a" / "b.txt").read_bytes() == b"x" * 5000
    assert os.access(tmp_path / "2" / "a" / "b.txt", os.X_OK)
    assert not os.access(tmp_path / "2" / "c", os.X_OK)


ESCAPES = [
    member("../x"),
    member("/etc/x"),
    member("a/../../x"),
    member("l", tarfile.SYMTYPE, linkname="../x"),
    member("l", tarfile.SYMTYPE, linkname="/etc/passwd"),
    member("l", tarfile.SYMTYPE, linkname="a/../../x"),
    member("l", tarfile.LNKTYPE, linkname="../x"),
    member("l", tarfile.LNKTYPE, linkname="/etc/passwd"),
    member("d", tarfile.CHRTYPE, devmajor=1, devminor=3),
    member("f", tarfile.FIFOTYPE),
]


@pytest.mark.parametrize("info", ESCAPES, ids=lambda i: f"{i.name}-{i.type!r}-{i.linkname}")
def test_what_would_lead_out_is_refused(tmp_path: Path, info: tarfile.TarInfo) -> None:
    content = tar((member("first"), b"1"), (info, b""), (member("last"), b"2"))
    with pytest.raises(FahrError, match="not to be trusted"):
        unpack(content, tmp_path)
    assert everything(tmp_path) <= {"out", "out/first", "out/last"}


@pytest.mark.parametrize("info", ESCAPES, ids=lambda i: f"{i.name}-{i.type!r}-{i.linkname}")
def test_or_told_and_passed_over(tmp_path: Path, info: tarfile.TarInfo) -> None:
    told: list[str] = []
    content = tar((info, b""), (member("last"), b"2"))
    assert unpack(content, tmp_path, refused=told.append) == [FetchedFile(path="last", size=1)]
    assert len(told) == 1
    assert everything(tmp_path) == {"out", "out/last"}


def link(name: str, target: str) -> tuple[tarfile.TarInfo, bytes]:
    return member(name, tarfile.SYMTYPE, linkname=target), b""


class TestLinks:
    def test_inside_they_are_kept(self, tmp_path: Path) -> None:
        files = unpack(
            tar(
                link("latest", "runs/2"), (member("runs/2/m"), b"abc"), link("runs/m", "../up/./x")
            ),
            tmp_path,
        )
        assert FetchedFile(path="latest", size=6) in files
        assert (tmp_path / "out" / "latest" / "m").read_bytes() == b"abc"
        assert os.readlink(tmp_path / "out" / "runs" / "m") == "../up/x"

    def test_nothing_is_written_through_one(self, tmp_path: Path) -> None:
        content = tar(link("a", "b"), (member("b/x"), b"1"), (member("a/x"), b"2"))
        with pytest.raises(FahrError, match="both a link and a folder"):
            unpack(content, tmp_path)
        assert (tmp_path / "out" / "b" / "x").read_bytes() == b"1"

    def test_one_that_was_there_before(self, tmp_path: Path) -> None:
        (tmp_path / "elsewhere").mkdir()
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / "a").symlink_to("../elsewhere")
        with pytest.raises(FahrError, match="is a link"):
            unpack(tar((member("a/x"), b"1")), tmp_path)
        assert everything(tmp_path / "elsewhere") == set()

    def test_a_way_up_behind_another_link(self, tmp_path: Path) -> None:
        (tmp_path / "z").write_text("secret")
        unpack(tar(link("y", "d/x/../z"), (member("d/q"), b""), link("d/x", "..")), tmp_path)
        assert not (tmp_path / "out" / "y").exists()

    def test_hard_links(self, tmp_path: Path) -> None:
        hard = member("b/two", tarfile.LNKTYPE, linkname="./a/one")
        files = unpack(tar((member("a/one"), b"abc"), (hard, b"")), tmp_path)
        assert files[1] == FetchedFile(path="b/two", size=3)
        assert (tmp_path / "out" / "b" / "two").read_bytes() == b"abc"

    def test_the_later_member_wins(self, tmp_path: Path) -> None:
        unpack(tar((member("a"), b"1"), (member("a"), b"22")), tmp_path)
        assert (tmp_path / "out" / "a").read_bytes() == b"22"
        unpack(tar(link("a", "b"), (member("a"), b"3")), tmp_path)
        assert (tmp_path / "out" / "a").read_bytes() == b"3"


words = st.sampled_from(["a", "b", "..", ".", "c", "/"])
ways = st.lists(words, min_size=1, max_size=5).map("/".join)
members = st.one_of(
    st.tuples(st.just(tarfile.REGTYPE), ways, st.just("")),
    st.tuples(st.just(tarfile.DIRTYPE), ways, st.just("")),
    st.tuples(st.sampled_from([tarfile.SYMTYPE, tarfile.LNKTYPE]), ways, ways),
)


@settings(max_examples=300)
@given(st.lists(members, max_size=7))
def test_no_archive_reaches_out(
    tmp_path_factory: pytest.TempPathFactory, found: list[tuple[bytes, str, str]]
) -> None:
    folder = tmp_path_factory.mktemp("x")
    top = folder / "p" / "q" / "out"
    content = tar(
        *((member(name, kind, linkname=target), b"evil" if kind == tarfile.REGTYPE else b"")
          for kind, name, target in found)
    )  # fmt: skip
    try:
        extract_tar(io.BytesIO(content), top, refused=lambda reason: None)
    except FahrError:
        pass
    else:
        assert top.is_dir()
    outside = {file for file in folder.rglob("*") if not file.is_relative_to(top)}
    assert outside <= {folder / "p", folder / "p" / "q"}
    for file in top.rglob("*"):
        assert Path(os.path.realpath(file)).is_relative_to(top)


@settings(max_examples=100)
@given(st.binary(max_size=300), st.integers(0, 3000), st.booleans())
def test_a_damaged_archive_is_told(
    tmp_path_factory: pytest.TempPathFactory, noise: bytes, cut: int, packed: bool
) -> None:
    folder = tmp_path_factory.mktemp("x")
    whole = tar((member("a"), os.urandom(2000)), mode="w:gz" if packed else "w")
    for content in (noise, whole[:cut], whole[:cut] + noise + whole[cut:]):
        files: list[FetchedFile] = []
        with contextlib.suppress(FahrError):  # any other exception fails the test
            files = unpack(content, folder)
        assert {file.path for file in files} <= everything(folder / "out")


def test_one_that_ended_early(tmp_path: Path) -> None:
    content = tar((member("a"), b"x" * 100_000), mode="w:gz")
    for cut in (0, 1, 2, 3, 5, len(content) // 2):  # 3: in the middle of gzip's own heading
        with pytest.raises(ServiceError, match="damaged or ended early"):
            unpack(content[:cut], tmp_path)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FahrError, match="cannot be read"):
        extract_tar(tmp_path / "gone.tar", tmp_path / "out")


def test_a_destination_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")
    with pytest.raises(DiskError):
        unpack(tar((member("a"), b"")), tmp_path)


@pytest.mark.parametrize(
    ("include", "kept"),
    [
        ((), {"m.h5", "logs/a.txt", "logs/deep/b.txt"}),
        (("*.h5",), {"m.h5"}),
        (("logs",), {"logs/a.txt", "logs/deep/b.txt"}),
        (("logs/deep/",), {"logs/deep/b.txt"}),
        (("b.txt", "m.*"), {"logs/deep/b.txt", "m.h5"}),
        (("nothing",), set()),
    ],
)
def test_only_what_is_included(tmp_path: Path, include: tuple[str, ...], kept: set[str]) -> None:
    content = tar(
        (member("m.h5"), b""), (member("logs/a.txt"), b""), (member("logs/deep/b.txt"), b"")
    )
    assert {file.path for file in unpack(content, tmp_path, include=include)} == kept


def test_memory_does_not_grow_with_the_archive(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "x.tar", "w") as archive:
        for name in ("a", "b"):
            info = member(name, size=40_000_000)
            with open("/dev/zero", "rb") as zeros:
                archive.addfile(info, zeros)
    tracemalloc.start()
    extract_tar(tmp_path / "x.tar", tmp_path / "out")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8_000_000
