from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from fahr_core import snapshot
from fahr_core.errors import DiskError, FahrError, UsageError
from fahr_core.local import staging
from fahr_core.local.folder import JobFolder
from fahr_core.local.jobs import job_folder
from fahr_core.local.staging import copy_output, stage
from fahr_core.models import FetchOptions
from fahr_core.testing.fixtures import no_progress
from tests.local.staged import request_of, staged


@pytest.fixture
def folder(tmp_path: Path) -> JobFolder:
    """Give a job's folder with output of several kinds."""
    folder = JobFolder(tmp_path / "job")
    (folder.output / "plots").mkdir(parents=True)
    (folder.output / "empty").mkdir()
    (folder.output / "model.h5").write_bytes(b"12345")
    (folder.output / "plots" / "loss.png").write_bytes(b"1")
    (folder.output / "latest").symlink_to("model.h5")
    os.utime(folder.output / "model.h5", (1.0, 1.0))
    return folder


# -- before a job starts ----------------------------------------------------------------


def test_what_is_staged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "s3cret")
    (tmp_path / "in").mkdir()
    order = {"inputs": [f"data={tmp_path / 'in'}"], "secrets": ["TOKEN"]}
    pairs = ["grace=2", 'environment={"COLOUR": "green", "PATH": "/own"}']
    _, folder = staged(tmp_path, "EPOCHS = 1\n", **order, pairs=pairs, params={"EPOCHS": 3})
    assert [path.name for path in folder.work.iterdir()] == ["train.py"]
    assert (folder.inputs / "data").resolve() == tmp_path / "in"
    variables = json.loads(folder.environment.read_text())
    assert variables == {**os.environ, "COLOUR": "green", "PATH": "/own"}
    assert json.loads(folder.secrets.read_text()) == {"TOKEN": "s3cret"}
    document = json.loads(folder.description.read_text())
    assert document["params"] == {"EPOCHS": 3}
    assert document["inputs"] == {"data": str(folder.inputs / "data")}
    assert document["grace"] == 2.0
    assert Path(document["interpreters"]["python"]).exists()
    assert "s3cret" not in folder.description.read_text()


def test_no_file_of_secrets_without_a_secret(tmp_path: Path) -> None:
    _, folder = staged(tmp_path, "")
    assert not folder.secrets.exists()


def test_what_a_killed_attempt_has_left_goes(tmp_path: Path) -> None:
    request = request_of(tmp_path, "")
    folder = job_folder(request.run_id)
    folder.work.mkdir(parents=True)
    (folder.work / "half").touch()
    stage(request, {}, no_progress)
    assert [path.name for path in folder.work.iterdir()] == ["train.py"]


def test_a_place_in_the_cloud_is_refused_and_nothing_is_left(tmp_path: Path) -> None:
    request = request_of(tmp_path, "", inputs=["data=s3://bucket/x"])
    with pytest.raises(FahrError, match="cannot read s3://bucket/x") as problem:
        stage(request, {}, no_progress)
    assert "fahr fit --input" in problem.value.hints[0]
    assert not job_folder(request.run_id).path.exists()


def test_a_full_disk_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    request = request_of(tmp_path, "")

    def full(*arguments: object, **options: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(staging, "write_whole", full)
    with pytest.raises(DiskError, match="No space left on device") as problem:
        stage(request, {}, no_progress)
    assert problem.value.hints == ("nothing was started",)
    assert not job_folder(request.run_id).path.exists()


def test_an_interrupted_staging_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = request_of(tmp_path, "")

    def interrupted(*arguments: object, **options: object) -> None:
        assert job_folder(request.run_id).path.exists()
        raise KeyboardInterrupt

    monkeypatch.setattr(staging, "describe_job", interrupted)
    with pytest.raises(KeyboardInterrupt):
        stage(request, {}, no_progress)
    assert not job_folder(request.run_id).path.exists()


def test_a_snapshot_that_is_gone_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = request_of(tmp_path, "")
    snapshot.stored_path(request.job.code.digest).unlink()
    with pytest.raises(FahrError, match="not on this machine any more"):
        stage(request, {}, no_progress)
    assert not job_folder(request.run_id).path.exists()


# -- after it ended ---------------------------------------------------------------------


def test_the_whole_output_is_copied(folder: JobFolder, tmp_path: Path) -> None:
    told: list[tuple[str, int | None, int | None]] = []

    def progress(
        stage: str, text: str = "", done: int | None = None, total: int | None = None
    ) -> None:
        told.append((stage, done, total))

    target = tmp_path / "out"
    files = copy_output(folder, target, FetchOptions(), progress)
    sizes = {file.path: file.size for file in files}
    assert sizes == {"latest": 8, "model.h5": 5, "plots/loss.png": 1}
    assert (target / "model.h5").read_bytes() == b"12345"
    assert (target / "model.h5").stat().st_mtime == 1.0
    assert os.readlink(target / "latest") == "model.h5"
    assert ("model.h5", 5, 5) in told
    assert (folder.output / "model.h5").exists()  # it may be fetched again


@pytest.mark.parametrize(
    ("patterns", "names"),
    [
        (("*.h5",), ["model.h5"]),
        (("plots/*",), ["plots/loss.png"]),
        (("*.png", "model.*"), ["model.h5", "plots/loss.png"]),
        (("plots/",), ["plots/loss.png"]),
        (("loss.png",), ["plots/loss.png"]),
    ],
)
def test_only_what_is_wanted(
    folder: JobFolder, tmp_path: Path, patterns: tuple[str, ...], names: list[str]
) -> None:
    options = FetchOptions(include=patterns)
    files = copy_output(folder, tmp_path / "out", options, no_progress)
    assert [file.path for file in files] == names
    found = [path for path in (tmp_path / "out").rglob("*") if not path.is_dir()]
    assert sorted(path.relative_to(tmp_path / "out").as_posix() for path in found) == names


def test_patterns_that_mean_nothing_are_told_with_what_there_is(
    folder: JobFolder, tmp_path: Path
) -> None:
    options = FetchOptions(include=("*.pt", "plot"))
    with pytest.raises(
        UsageError, match=r'no file of the job is like "\*.pt" or "plot"'
    ) as problem:
        copy_output(folder, tmp_path / "out", options, no_progress)
    assert problem.value.hints == (
        "there are: latest, model.h5, plots/loss.png",
        "nothing was fetched",
    )


def test_a_folder_that_is_gone(folder: JobFolder, tmp_path: Path) -> None:
    with pytest.raises(FahrError, match="the job's folder is gone"):
        copy_output(JobFolder(tmp_path / "gone"), tmp_path / "out", FetchOptions(), no_progress)


def test_a_place_that_cannot_be_written(folder: JobFolder, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    with pytest.raises(DiskError, match=r"cannot write .*latest"):
        copy_output(folder, tmp_path / "out", FetchOptions(), no_progress)
