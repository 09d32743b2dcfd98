from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from fahr_core.copying import CopyReport, copy_experiment
from fahr_core.errors import ArtifactError, DiskError, OverwriteError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

FILES = [
    "Dockerfile", "run.sh", "requirements.txt", "environment.yml", "environment.yaml",
    "pyproject.toml", "uv.lock", ".python-version", "fahr.toml", ".fahrignore",
    "kernel-metadata.json", ".fahr/environment.lock", ".fahr/templates/docker/D.j2",
]  # fmt: skip
OTHERS = ["train.py", "net.py", "model.h5", ".env", ".fahr/launcher/x.py", "data/x"]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    for name in [*FILES, *OTHERS]:
        (tmp_path / "a" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "a" / name).write_text("from a")
    (tmp_path / "a" / "run.sh").chmod(0o755)
    (tmp_path / "a" / "fahr.toml").chmod(0o640)
    return tmp_path / "a"


def files(folder: Path) -> set[str]:
    return {f.relative_to(folder).as_posix() for f in folder.rglob("*") if f.is_file()}


def test_copies_what_is_there_into_a_new_folder(source: Path, tmp_path: Path) -> None:
    report = copy_experiment(source, tmp_path / "x" / "b")
    assert set(report.copied) == files(tmp_path / "x" / "b") == set(FILES)
    assert report.kept == ()
    assert stat.S_IMODE((tmp_path / "x" / "b" / "run.sh").stat().st_mode) == 0o755
    assert stat.S_IMODE((tmp_path / "x" / "b" / "fahr.toml").stat().st_mode) == 0o640


@pytest.mark.parametrize("none", [None, "", "None", "none"])
def test_without_the_artifact(source: Path, tmp_path: Path, none: str | None) -> None:
    copy_experiment(source, tmp_path / "b", include_artifact=none)
    assert "train.py" not in files(tmp_path / "b")


@pytest.mark.parametrize("name", ["train.py", "./train.py"])
def test_with_the_artifact(source: Path, tmp_path: Path, name: str) -> None:
    copy_experiment(source, tmp_path / "b", include_artifact=name)
    assert files(tmp_path / "b") == {*FILES, "train.py"}


def test_what_is_there_is_kept_and_said(source: Path, tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "run.sh").write_text("mine")
    (tmp_path / "b" / "train.py").write_text("mine")
    report = copy_experiment(source, tmp_path / "b", include_artifact="train.py")
    assert report.kept == ("run.sh", "train.py")
    assert "run.sh" not in report.copied
    assert (tmp_path / "b" / "run.sh").read_text() == "mine"
    again = copy_experiment(source, tmp_path / "b", overwrite=True)
    assert again == CopyReport(again.copied, ())
    assert (tmp_path / "b" / "run.sh").read_text() == "from a"
    assert (tmp_path / "b" / "train.py").read_text() == "mine"


def test_a_link_is_replaced_and_not_written_through(source: Path, tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "shared.sh").write_text("shared")
    (tmp_path / "b" / "run.sh").symlink_to("../shared.sh")
    copy_experiment(source, tmp_path / "b", overwrite=True)
    assert (tmp_path / "shared.sh").read_text() == "shared"
    assert (tmp_path / "b" / "run.sh").read_text() == "from a"


def test_the_same_folder(source: Path, tmp_path: Path) -> None:
    (tmp_path / "again").symlink_to("a")
    with pytest.raises(UsageError, match="the same folder"):
        copy_experiment(source, tmp_path / "again")


def test_nothing_to_copy(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "notes.md").write_text("")
    with pytest.raises(UsageError, match="nothing to copy"):
        copy_experiment(tmp_path / "a", tmp_path / "b")
    assert not (tmp_path / "b").exists()


def test_sources_that_are_none(source: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not there"):
        copy_experiment(tmp_path / "gone", tmp_path / "b")
    with pytest.raises(UsageError, match="is no folder"):
        copy_experiment(source / "run.sh", tmp_path / "b")
    with pytest.raises(UsageError, match="is no folder"):
        copy_experiment(source, source / "run.sh")


def test_an_artifact_that_is_not_there(source: Path, tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match=r"did you mean train\.py\?"):
        copy_experiment(source, tmp_path / "b", include_artifact="trian.py")
    (tmp_path / "secret.py").write_text("")
    with pytest.raises(ArtifactError, match="outside"):
        copy_experiment(source, tmp_path / "b", include_artifact="../secret.py")
    assert not (tmp_path / "b").exists()


def test_a_folder_in_the_way(source: Path, tmp_path: Path) -> None:
    (tmp_path / "b" / "run.sh").mkdir(parents=True)
    with pytest.raises(OverwriteError):
        copy_experiment(source, tmp_path / "b", overwrite=True)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_that_cannot_be_read(source: Path, tmp_path: Path) -> None:
    (source / "fahr.toml").chmod(0)
    with pytest.raises(DiskError, match=r"fahr\.toml"):
        copy_experiment(source, tmp_path / "b")
    assert "fahr.toml" not in files(tmp_path / "b")


def test_a_destination_that_cannot_be_made(source: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DiskError, match="cannot copy"):
        copy_experiment(source, tmp_path / "file" / "b")
