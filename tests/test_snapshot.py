from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fahr_core import snapshot
from fahr_core.errors import ArtifactError, DiskError, FahrError
from fahr_core.experiment import Experiment
from fahr_core.models import Code, dumps, loads
from fahr_core.store import store_folder, stored_path


def experiment(folder: Path, **files: str) -> Experiment:
    folder.mkdir(exist_ok=True)
    for name, text in {"train": "print(1)\n", **files}.items():
        (folder / f"{name}.py").write_text(text)
    return Experiment(folder, "train.py", "script")


def contents(folder: Path) -> dict[str, bytes]:
    return {
        os.fsdecode(os.path.relpath(os.fsencode(f), os.fsencode(folder))): f.read_bytes()
        for f in folder.rglob("*")
        if f.is_file()
    }


def test_what_runs_is_what_was_there(tmp_path: Path) -> None:
    job = experiment(tmp_path / "e", net="x = 1\n")
    code = snapshot.take(job)
    (tmp_path / "e" / "net.py").write_text("x = 2\n")
    (tmp_path / "e" / "train.py").unlink()
    snapshot.extract(code.digest, tmp_path / "out")
    assert contents(tmp_path / "out") == {"train.py": b"print(1)\n", "net.py": b"x = 1\n"}


def test_the_same_files_give_the_same_snapshot(tmp_path: Path) -> None:
    one = snapshot.take(experiment(tmp_path / "a", net="x", b="y"))
    job = experiment(tmp_path / "b", b="y", net="x")
    os.utime(tmp_path / "b" / "net.py", (1, 1))
    (tmp_path / "b" / "b.py").chmod(0o600)
    assert snapshot.take(job) == one
    (tmp_path / "b" / "b.py").chmod(0o700)
    assert snapshot.take(job).digest != one.digest


def test_the_tar_tells_nothing_of_its_maker(tmp_path: Path) -> None:
    job = experiment(tmp_path / "e")
    (tmp_path / "e" / "run.sh").write_text("#!/bin/sh\n")
    (tmp_path / "e" / "empty").mkdir()
    code = snapshot.take(job)
    assert code.run_script == "run.sh"
    with tarfile.open(stored_path(code.digest)) as archive:
        members = archive.getmembers()
    assert {(m.name, m.mode) for m in members} == {
        ("empty", 0o755),
        ("run.sh", 0o755),
        ("train.py", 0o644),
    }
    assert {(m.uid, m.gid, m.uname, m.gname, m.mtime) for m in members} == {
        (0, 0, "", "", snapshot.MODIFIED)
    }


def test_what_is_said_of_it(tmp_path: Path) -> None:
    job = experiment(tmp_path / "e", a="x" * 10, b="x" * 30, c="x" * 20)
    (tmp_path / "e" / ".env").write_text("KEY=1")
    code = snapshot.take(job)
    assert (code.files, code.size, code.run_script) == (4, 69, None)
    assert code.largest == (("b.py", 30), ("c.py", 20), ("a.py", 10))
    assert code.left_out == ((".env", 5),)
    assert loads(Code, dumps(code)) == code


def test_a_survey_stores_nothing(tmp_path: Path) -> None:
    job = experiment(tmp_path / "e")
    code = snapshot.survey(job)
    assert not store_folder().exists()
    assert snapshot.take(job) == code


def test_links_and_modes_come_back(tmp_path: Path) -> None:
    job = experiment(tmp_path / "e")
    (tmp_path / "e" / "run.sh").write_text("#!/bin/sh\n")
    (tmp_path / "e" / "a").mkdir()
    (tmp_path / "e" / "a" / "link").symlink_to("../train.py")
    snapshot.extract(snapshot.take(job).digest, tmp_path / "out")
    assert os.readlink(tmp_path / "out" / "a" / "link") == "../train.py"
    assert os.access(tmp_path / "out" / "run.sh", os.X_OK)
    assert not os.access(tmp_path / "out" / "train.py", os.X_OK)


names = st.binary(min_size=1, max_size=120).filter(
    lambda name: b"/" not in name and b"\0" not in name and name not in (b".", b"..")
)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
@settings(max_examples=40)
@given(st.dictionaries(names, st.binary(max_size=2000), max_size=4))
def test_any_name_and_content_comes_back(
    tmp_path_factory: pytest.TempPathFactory, files: dict[bytes, bytes]
) -> None:
    folder = tmp_path_factory.mktemp("e")
    job = experiment(folder / "e")
    for name, content in files.items():
        (folder / "e" / os.fsdecode(b"x" + name + b"x")).write_bytes(content)
    code = snapshot.take(job)
    snapshot.extract(code.digest, folder / "out")
    assert contents(folder / "out") == contents(folder / "e")
    assert len(snapshot.describe(code)) <= 71
    assert snapshot.describe(code).isprintable()


def test_a_file_that_grows_is_cut_at_one_moment(tmp_path: Path) -> None:
    job = experiment(tmp_path / "e")
    log = tmp_path / "e" / "log.txt"
    log.write_bytes(b"x" * 3_000_000)
    done = threading.Event()

    def grow() -> None:
        with log.open("ab", buffering=0) as stream:
            while not done.is_set():
                stream.write(b"x" * 100_000)
                if stream.tell() > 30_000_000:
                    stream.truncate(stream.tell())
                    return

    writer = threading.Thread(target=grow)
    writer.start()
    try:
        for number in range(5):
            snapshot.extract(snapshot.take(job).digest, tmp_path / f"out{number}")
    finally:
        done.set()
        writer.join()
    sizes = [(tmp_path / f"out{number}" / "log.txt").stat().st_size for number in range(5)]
    assert sizes == sorted(sizes)
    assert sizes[0] >= 3_000_000


def test_a_file_that_shrinks_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    job = experiment(tmp_path / "e")
    large = tmp_path / "e" / "w.bin"
    large.write_bytes(b"x" * 5_000_000)
    real = os.fstat

    def shrink(descriptor: int) -> os.stat_result:
        status = real(descriptor)
        if status.st_size == 5_000_000:
            os.truncate(large, 2_000_000)
        return status

    monkeypatch.setattr(os, "fstat", shrink)
    with pytest.raises(ArtifactError, match="became shorter"):
        snapshot.take(job)
    assert [f for f in store_folder().rglob("*") if f.is_file()] == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_an_unreadable_file_is_named(tmp_path: Path) -> None:
    job = experiment(tmp_path / "e", closed="")
    (tmp_path / "e" / "closed.py").chmod(0)
    with pytest.raises(ArtifactError, match=r"closed\.py cannot be read"):
        snapshot.take(job)


def test_a_store_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("FAHR_HOME", str(tmp_path / "file"))
    with pytest.raises(DiskError):
        snapshot.take(experiment(tmp_path / "e"))


def test_a_snapshot_that_has_gone(tmp_path: Path) -> None:
    with pytest.raises(FahrError, match="not on this machine"):
        snapshot.extract("sha256:" + "0" * 64, tmp_path / "out")


def code_of(**changes: Any) -> Code:
    return Code(**({"digest": "sha256:0", "files": 1, "size": 9000} | changes))


class TestDescribe:
    def test_as_in_the_mock_up(self) -> None:
        code = code_of(
            files=2,
            largest=(("train.py", 8000), ("net.py", 1000)),
            left_out=(("data/", 1_200_000_000), (".env", 20)),
        )
        told = "train.py, net.py: 9 kB   left out: data/ 1.2 GB, .env"
        assert snapshot.describe(code) == told

    def test_many_files_are_counted(self) -> None:
        code = code_of(files=4, largest=(("a", 1), ("b", 1), ("c", 1)))
        assert snapshot.describe(code) == "4 files: 9 kB"

    def test_what_was_not_counted_to_its_end(self) -> None:
        code = code_of(largest=(("a", 1),), left_out=(("data/", -1_200_000_000), ("raw_data/", -5)))
        assert snapshot.describe(code) == "a: 9 kB   left out: data/ >1.2 GB, raw_data/"

    def test_long_lists_are_cut(self) -> None:
        left = tuple((f"some_folder_{n}/", 5_000_000) for n in range(9))
        told = snapshot.describe(code_of(largest=(("train.py", 1),), left_out=left))
        assert len(told) <= 71
        assert told.endswith("some_folder_0/ 5.0 MB, 8 more")

    def test_a_long_name_alone(self) -> None:
        long = "n" * 200
        told = snapshot.describe(code_of(largest=((long, 1),), left_out=((long, 1),)))
        assert told.startswith("1 file: 9 kB   left out: nnn")
        assert len(told) == 71


def test_a_warning_above_100_mb() -> None:
    assert snapshot.size_warning(code_of(size=100_000_000)) is None
    told = snapshot.size_warning(code_of(size=312_000_000, largest=(("w.h5", 300_000_000),)))
    assert told == "312.0 MB travel with each job (w.h5 300.0 MB): leave out by .fahrignore"


def test_data_beside_the_artifact_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = experiment(tmp_path / "a")
    (tmp_path / "a" / "data").mkdir()
    with (tmp_path / "a" / "data" / "x.bin").open("wb") as stream:
        stream.truncate(2_000_000_000)
    opened: list[str] = []
    own = Path.open

    def noted(path: Path, *arguments: Any, **options: Any) -> Any:
        opened.append(path.name)
        return own(path, *arguments, **options)

    monkeypatch.setattr(Path, "open", noted)
    assert snapshot.take(job).left_out == (("data/", 2_000_000_000),)
    assert "train.py" in opened
    assert "x.bin" not in opened


def test_nothing_heavy_is_imported() -> None:
    script = (
        "import sys, fahr_core.snapshot; print([m for m in ('pydantic', 'jinja2', 'msgspec', "
        "'pathspec', 'asyncio', 'subprocess') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert done.stdout.strip() == b"[]"
