from __future__ import annotations

import gzip
import hashlib
import io
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fahr_core.errors import ArtifactError, DiskError
from fahr_core.paths import cache_folder
from fahr_docker.layer import code_layer, packed, write_tar
from fahr_docker.staged_tree import Entry

ODD = [
    "with space",
    "it's",
    'say "x"',
    "$(touch x)",
    "new\nline",
    "[1].py",
    "back\\slash",
    "${HOME}",
    "-c.py",
    "#x",
    "ümläut/日本.py",
    "\udcff.py",
    "long/" * 40 + "x.py",
    "n" * 200,
]
TREE = (
    Entry(path="opt/fahr", mode=0o755),
    Entry(path="opt/fahr/a.py", mode=0o644, content=b"print(1)\n", size=9),
    Entry(path="opt/fahr/link", mode=0o777, target="a.py"),
    Entry(path="opt/fahr/run.sh", mode=0o755, content=b"", size=0),
)

names = st.text(
    st.characters(exclude_characters="\0/", exclude_categories=("Cs",)), min_size=1, max_size=120
).filter(lambda name: name not in (".", ".."))
trees = st.dictionaries(names, st.binary(max_size=2000), max_size=5)


def file(path, content, mode=0o644):
    return Entry(path=path, mode=mode, content=content, size=len(content))


def blob_of(layer):
    with packed(layer) as blob:
        blob.stream.seek(0)
        content = blob.stream.read()
        assert blob.size == len(content)
        assert blob.digest == f"sha256:{hashlib.sha256(content).hexdigest()}"
        return content


def members_of(layer):
    tar = gzip.decompress(blob_of(layer))
    assert layer.diff_id == f"sha256:{hashlib.sha256(tar).hexdigest()}"
    assert layer.size == len(tar)
    with tarfile.open(fileobj=io.BytesIO(tar), errors="surrogateescape") as archive:
        return {m.name: (m, archive.extractfile(m).read() if m.isreg() else None) for m in archive}


def test_the_tar_is_the_same_everywhere():
    # Fixed: another digest here means that every image is made anew.
    assert (
        code_layer(TREE).diff_id
        == "sha256:8021e9cc7068bbaffd7ca77685d781cdc4b8046bf780821a971e5997fbaf3604"
    )


def test_packing_twice_gives_the_same_bytes():
    assert blob_of(code_layer(TREE)) == blob_of(code_layer(TREE))


def test_the_gzip_header_holds_no_name_time_or_system():
    assert blob_of(code_layer(TREE))[:10] == b"\x1f\x8b\x08\0\0\0\0\0\0\xff"


def test_owner_time_and_mode_are_fixed():
    for member, _ in members_of(code_layer(TREE)).values():
        assert (member.uid, member.gid, member.mtime) == (0, 0, 315_532_800)
    modes = {name: member.mode for name, (member, _) in members_of(code_layer(TREE)).items()}
    assert modes["opt/fahr"] == modes["opt/fahr/run.sh"] == 0o755
    assert modes["opt/fahr/a.py"] == 0o644


def test_links_and_folders_are_kept():
    found = members_of(code_layer(TREE))
    assert found["opt/fahr"][0].isdir()
    assert found["opt/fahr/link"][0].linkname == "a.py"


@pytest.mark.parametrize("name", ODD)
def test_odd_names_come_through(name):
    found = members_of(code_layer([file(name, b"x")]))
    assert {path: content for path, (_, content) in found.items()} == {name: b"x"}


@given(trees)
def test_any_files_come_through(files):
    found = members_of(code_layer([file(name, content) for name, content in files.items()]))
    # A name that ends in a slash would be a folder; none does.
    assert {path: content for path, (_, content) in found.items()} == files


def test_system_tar_reads_it_too(tmp_path):
    entries = [file(name, b"x") for name in ODD if "\udcff" not in name]
    (tmp_path / "layer.tar.gz").write_bytes(blob_of(code_layer(entries)))
    (tmp_path / "out").mkdir()
    subprocess.run(["tar", "-xzf", tmp_path / "layer.tar.gz", "-C", tmp_path / "out"], check=True)
    found = [p for p in (tmp_path / "out").rglob("*") if p.is_file()]
    names = {p.relative_to(tmp_path / "out").as_posix() for p in found}
    assert names == {name for name in ODD if "\udcff" not in name}


def test_a_file_is_read_from_where_it_lies(tmp_path):
    content = os.urandom(700_000)
    (tmp_path / "archive").write_bytes(b"before" + content + b"after")
    entry = Entry(path="a", mode=0o644, content=tmp_path / "archive", offset=6, size=len(content))
    assert members_of(code_layer([entry]))["a"][1] == content


def test_a_large_layer_is_packed_on_disk_and_leaves_nothing(monkeypatch):
    monkeypatch.setattr("fahr_docker.layer._IN_MEMORY", 1000)
    assert blob_of(code_layer([file("a", os.urandom(100_000))]))
    assert list(cache_folder().iterdir()) == []


def test_a_file_that_changed_since_is_told(tmp_path):
    (tmp_path / "a").write_bytes(b"one")
    layer = code_layer([Entry(path="a", mode=0o644, content=tmp_path / "a", size=3)])
    (tmp_path / "a").write_bytes(b"two")
    with pytest.raises(ArtifactError, match="changed while they were packed"), packed(layer):
        pytest.fail("nothing is to be sent")
    (tmp_path / "a").write_bytes(b"tw")
    with pytest.raises(DiskError, match="became shorter"), packed(layer):
        pytest.fail("nothing is to be sent")
    (tmp_path / "a").unlink()
    with pytest.raises(DiskError, match="cannot read"), packed(layer):
        pytest.fail("nothing is to be sent")


def test_a_full_disk_is_told(monkeypatch):
    monkeypatch.setattr("fahr_docker.layer._IN_MEMORY", 1)
    monkeypatch.setattr("fahr_docker.layer.cache_folder", lambda: Path("/dev/full/cache"))
    with pytest.raises(DiskError, match="cannot write to"), packed(code_layer(TREE)):
        pytest.fail("nothing is to be sent")


def test_what_the_caller_raises_is_no_error_of_the_disk():
    with pytest.raises(FileNotFoundError), packed(code_layer(TREE)):
        Path("/nowhere/at/all").read_bytes()


def test_write_tar_writes_the_layers_tar():
    stream = io.BytesIO()
    write_tar(TREE, stream)
    assert stream.getvalue() == gzip.decompress(blob_of(code_layer(TREE)))


@pytest.mark.parametrize("seed", ["0", "1"])
def test_another_process_makes_the_same(seed):
    code = (
        "from fahr_docker.layer import code_layer\n"
        "from fahr_docker.staged_tree import Entry\n"
        "print(code_layer([Entry(path='a', mode=0o644, content=b'x', size=1)]).diff_id)"
    )
    environment = {**os.environ, "PYTHONHASHSEED": seed, "TZ": "Asia/Tokyo", "LC_ALL": "C"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment
    )
    assert done.stdout.strip() == code_layer([file("a", b"x")]).diff_id
