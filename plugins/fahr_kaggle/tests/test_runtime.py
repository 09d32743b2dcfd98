"""How Kaggle looks from inside a job: the mounts, the archives, the Python."""

from __future__ import annotations

import io
import json
import sys
import tarfile

import pytest

from fahr_kaggle import runtime
from fahr_kaggle.datasets import pack_tree


@pytest.fixture
def mounts(tmp_path, monkeypatch):
    """Give a folder that stands for /kaggle/input."""
    folder = tmp_path / "input"
    folder.mkdir()
    monkeypatch.setattr(runtime, "MOUNTS", str(folder))
    monkeypatch.setattr(runtime, "WORKING", str(tmp_path / "working"))
    return folder


@pytest.mark.parametrize(
    ("kind", "name", "place"),
    [
        ("dataset", "anna/data", "data"),
        ("dataset", "anna/data", "datasets/anna/data"),
        ("kernel", "anna/train", "train"),
        ("kernel", "anna/train", "notebooks/anna/train"),
        ("competition", "titanic", "titanic"),
        ("competition", "titanic", "competitions/titanic"),
        ("model", "anna/bert/pyTorch/base/2", "bert/pyTorch/base/2"),
        ("model", "anna/bert/pyTorch/base", "models/anna/bert/pyTorch/base"),
    ],
)
def test_a_source_is_found_in_either_layout(mounts, kind, name, place):
    source = {"kind": kind, "name": name}
    assert runtime.mounted(source) is None
    (mounts / place).mkdir(parents=True)
    assert runtime.mounted(source) == mounts / place


def test_an_owners_folder_is_before_another_of_its_name(mounts):
    for place in ("data", "datasets/anna/data", "datasets/bert/data"):
        (mounts / place).mkdir(parents=True)
    found = runtime.mounted({"kind": "dataset", "name": "anna/data"})
    assert found == mounts / "datasets/anna/data"


def test_inputs_lie_by_their_names(mounts, tmp_path):
    (mounts / "titanic").mkdir()
    (mounts / "fahr-1").mkdir()
    (tmp_path / "one.csv").write_text("1,2")
    pack_tree(tmp_path / "one.csv", mounts / "fahr-1" / "fahr-1.fahr")
    told = {
        "sources": [{"kind": "competition", "name": "titanic"}],
        "inputs": {"data": {"kind": "dataset", "name": "anna/fahr-1"}},
    }
    runtime.link_inputs({"kaggle": told}, tmp_path / "inputs")
    assert (tmp_path / "inputs/data").read_text() == "1,2"
    assert (tmp_path / "inputs/titanic").resolve() == mounts / "titanic"


def test_a_missing_input_is_told(mounts, tmp_path):
    told = {"sources": [], "inputs": {"data": {"kind": "dataset", "name": "anna/gone"}}}
    with pytest.raises(FileNotFoundError, match=r"input data: anna/gone is not mounted"):
        runtime.link_inputs({"kaggle": told}, tmp_path / "inputs")


def test_a_tree_comes_back_as_it_was(tmp_path):
    source = tmp_path / "source"
    (source / "deep" / "empty").mkdir(parents=True)
    (source / "deep" / "épöque 1.txt").write_bytes(b"\0\xff")
    (source / "link").symlink_to("deep/épöque 1.txt")
    pack_tree(source, tmp_path / "packed.fahr")
    runtime.unpack(tmp_path / "packed.fahr", tmp_path / "back")
    assert (tmp_path / "back/link").read_bytes() == b"\0\xff"
    assert (tmp_path / "back/deep/empty").is_dir()


@pytest.mark.parametrize("name", ["/etc/passwd", "../x", "a/../../x"])
def test_an_archive_does_not_lead_out(tmp_path, name):
    with tarfile.open(tmp_path / "evil.fahr", "w") as tar:
        tar.addfile(tarfile.TarInfo(name), io.BytesIO())
    with pytest.raises(ValueError, match="leads out"):
        runtime.unpack(tmp_path / "evil.fahr", tmp_path / "back")


def test_what_the_last_session_left_comes_back(mounts, tmp_path):
    (mounts / "train" / "checkpoints").mkdir(parents=True)
    (mounts / "train" / "checkpoints" / "n").write_text("7")
    (mounts / "train" / "fahr-job.json").write_text("{}")
    described = {"kaggle": {"previous": {"kind": "kernel", "name": "anna/train"}}}
    runtime.restore_output(described, tmp_path / "working")
    assert (tmp_path / "working/checkpoints/n").read_text() == "7"
    assert not (tmp_path / "working/fahr-job.json").exists()


def test_another_jobs_output_does_not_come_back(mounts, tmp_path):
    (mounts / "train").mkdir(parents=True)
    (mounts / "train" / "fahr-job.json").write_text('{"name": "digits-train-2"}')
    previous = {"kind": "kernel", "name": "anna/train"}
    described = {"name": "digits-train-1", "kaggle": {"previous": previous}}
    with pytest.raises(ValueError, match="of anna/train is that of digits-train-2"):
        runtime.restore_output(described, tmp_path / "working")


def test_the_python_is_the_locks(monkeypatch):
    own = f"3.{sys.version_info.minor}"
    assert runtime._python(own) == sys.executable
    assert runtime._python(None) == sys.executable
    monkeypatch.setattr(runtime.shutil, "which", lambda name: f"/bin/{name}")
    assert runtime._python("3.8") == "/bin/python3.8"
    monkeypatch.setattr(runtime.shutil, "which", {"uv": "/bin/uv"}.get)
    assert runtime._python("3.8.2") == "3.8"
    monkeypatch.setattr(runtime.shutil, "which", lambda _: None)
    assert runtime._python("3.8") == sys.executable


def test_there_are_places_for_everything(mounts, tmp_path, monkeypatch):
    code = tmp_path / "code-source"
    code.mkdir()
    (code / "train.py").write_text("print(1)")
    pack_tree(code, tmp_path / "code.tar")
    described = {"kaggle": {"sources": [], "inputs": {}}}
    (tmp_path / "job.json").write_text(json.dumps(described))
    monkeypatch.setenv("FAHR_JOB_FILE", str(tmp_path / "job.json"))
    places = runtime.places()
    assert (tmp_path / "code" / "train.py").exists()
    assert places["output"] == str(tmp_path / "working")
    assert set(places) == {"code", "work", "output", "inputs", "checkpoints"}
    assert runtime.nodes() == {"rank": 0, "count": 1}
