"""What a job left behind, moved to the output."""

import os
import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

from fahr_core.launcher.collect import LARGE, Collection, manifest
from fahr_core.launcher.run import run

from .conftest import Place


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """Give a work folder and an output folder."""
    work, output = tmp_path / "work", tmp_path / "output"
    work.mkdir()
    output.mkdir()
    return work, output


def write(path: Path, text: str = "x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def tree(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def collection(work: Path, output: Path, said: list[str] | None = None) -> Collection:
    """Take notes of the folders as they are now."""
    say = print if said is None else said.append
    return Collection(str(work), manifest(str(work)), str(output), manifest(str(output)), say=say)


def test_new_and_changed_files_move(folders: tuple[Path, Path]) -> None:
    work, output = folders
    write(work / "train.py")
    changed = write(work / "config" / "a.json")
    collecting = collection(work, output)
    write(changed, "longer")
    write(work / "models" / "best" / "model.h5")
    (work / "empty" / "folder").mkdir(parents=True)
    assert collecting.run() is None
    assert tree(output) == {
        "config",
        "config/a.json",
        "models",
        "models/best",
        "models/best/model.h5",
        "empty",
        "empty/folder",
    }
    assert "train.py" in tree(work)
    assert not (work / "models" / "best" / "model.h5").exists()


def test_same_size_later_time_is_a_change(folders: tuple[Path, Path]) -> None:
    work, output = folders
    path = write(work / "a", "1")
    collecting = collection(work, output)
    write(path, "2")
    os.utime(path, ns=(1, 1))
    assert collecting.run() is None
    assert tree(output) == {"a"}


def test_what_is_no_output_stays(folders: tuple[Path, Path]) -> None:
    work, output = folders
    collecting = collection(work, output)
    kept_out = "__pycache__/a.pyc b.pyc .git/HEAD .cache/hub/x env/pyvenv.cfg env/bin/python"
    for name in (*kept_out.split(), "deep/.ipynb_checkpoints/a.ipynb", "deep/.DS_Store"):
        write(work / name)
    write(work / "deep" / "model.h5")
    assert collecting.run() is None
    assert tree(output) == {"deep", "deep/model.h5"}


def test_asked_for_excludes(place: Place) -> None:
    place.script(
        """
        import os
        for name in ("a.log", "keep.log", "data/raw/x", "data/y"):
            os.makedirs(os.path.dirname(name) or ".", exist_ok=True)
            open(name, "w").close()
        """
    )
    result = place.run(exclude=["*.log", "!keep.log", "/data/raw/"])
    assert result.files == {"keep.log", "data", "data/y"}


def test_jobs_own_output_stays(place: Place) -> None:
    place.script(
        """
        import os, pathlib
        pathlib.Path("model.h5").write_text("from work")
        pathlib.Path(os.environ["FAHR_OUTPUT_DIR"], "model.h5").write_text("put there")
        """
    )
    result = place.run()
    assert result.files == {"model.h5", "model.h5.from-work"}
    assert (place.output / "model.h5").read_text() == "put there"
    assert "written both to the output and to the work folder" in result.err


def test_output_of_an_earlier_attempt_is_replaced(place: Place) -> None:
    write(place.output / "model.h5", "attempt 1")
    result = place.script("open('model.h5', 'w').write('attempt 2')").run()
    assert result.files == {"model.h5"}
    assert (place.output / "model.h5").read_text() == "attempt 2"


def test_folders_inside_work_that_are_not_its_own(place: Place) -> None:
    place.output = place.work / "output"
    places = {"output": "output", "inputs": "inputs", "service_output": "opt/model"}
    place.places.update({name: str(place.work / path) for name, path in places.items()})
    place.script(
        """
        import os
        for name in ("inputs/data", "opt/model/m.h5", "output/there", "model.h5"):
            os.makedirs(os.path.dirname(name) or ".", exist_ok=True)
            open(name, "w").close()
        """
    )
    assert place.run().files == {"there", "model.h5", "opt"}


def test_links(folders: tuple[Path, Path]) -> None:
    work, output = folders
    write(work / "code.py")
    said: list[str] = []
    collecting = collection(work, output, said)
    write(work / "models" / "epoch-9.h5", "nine")
    write(output / "there.h5", "there")
    (work / "models" / "latest").symlink_to("epoch-9.h5")
    (work / "absolute").symlink_to(work / "models")
    (work / "into-output").symlink_to(output / "there.h5")
    (work / "outside").symlink_to("/etc/passwd")
    (work / "up").symlink_to("../../secret")
    (work / "code").symlink_to("code.py")
    (work / "dangling").symlink_to("nothing")
    assert collecting.run() is None
    assert (output / "models" / "latest").read_text() == "nine"
    assert (output / "absolute" / "epoch-9.h5").read_text() == "nine"
    assert (output / "into-output").read_text() == "there"
    assert all(not os.path.isabs(os.readlink(p)) for p in output.rglob("*") if p.is_symlink())
    links = {"models/latest", "absolute", "into-output"}
    assert tree(output) == {"models", "models/epoch-9.h5", "there.h5", *links}
    assert sorted(said) == [
        f"left out: the link {name} leads out of the output"
        for name in ("code", "dangling", "outside", "up")
    ]


def test_odd_names(folders: tuple[Path, Path]) -> None:
    work, output = folders
    collecting = collection(work, output)
    names = [b"line\nend", b"'quote\"", "größe 😀".encode(), b"not utf-8 \xff", b"-rf", b" ", b"*"]
    for name in names:
        Path(os.fsdecode(os.path.join(os.fsencode(work), name))).touch()
    assert collecting.run() is None
    assert sorted(os.listdir(os.fsencode(output))) == sorted(names)


def test_no_plain_file_is_left_out(folders: tuple[Path, Path]) -> None:
    work, output = folders
    said: list[str] = []
    collecting = collection(work, output, said)
    os.mkfifo(work / "pipe")
    assert collecting.run() is None
    assert (tree(output), said) == (set(), ["left out: pipe is not a plain file"])


def test_warns_of_a_large_output(folders: tuple[Path, Path]) -> None:
    work, output = folders
    said: list[str] = []
    collecting = collection(work, output, said)
    with (work / "model.h5").open("wb") as file:
        file.truncate(LARGE + 100_000_000)
    assert collecting.run() is None
    assert said == ["warning: 10.1 GB of output"]


@pytest.fixture
def small_disk(tmp_path: Path) -> Path:
    """Mount a disk of one megabyte."""
    path = tmp_path / "disk"
    path.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(path)]
    if shutil.which("mount") is None or subprocess.run(mount, check=False).returncode:
        pytest.skip("this machine does not let us mount a small disk")
    return path


def test_outcome_tells_of_what_stays(place: Place, small_disk: Path) -> None:
    try:
        place.places["output"] = str(small_disk / "output")
        place.script("open('model.h5', 'wb').write(b'x' * 2_000_000)")
        runtime = SimpleNamespace(
            places=lambda: place.places, nodes=dict, report_failure=str, deliver=str
        )
        assert run(place.job, runtime).collected is False
        place.script("print('nothing to collect')")
        assert run(place.job, runtime).collected is True
    finally:
        subprocess.run(["umount", str(small_disk)], check=True)


def test_full_disk(place: Place, small_disk: Path) -> None:
    try:
        place.output = small_disk / "output"
        place.places["output"] = str(place.output)
        place.script("open('model.h5', 'wb').write(b'x' * 2_000_000)\nopen('small', 'w')")
        result = place.run()
        assert result.code == 1
        assert result.reason == ("model.h5 can not be put into the output: No space left on device")
        assert (place.work / "model.h5").stat().st_size == 2_000_000
        assert result.files == {"small"}
        assert result.record["state"] == "failed"
    finally:
        subprocess.run(["umount", str(small_disk)], check=True)


def test_other_nodes_have_folders_of_their_own(place: Place) -> None:
    place.nodes = {"rank": 2, "count": 3, "master_addr": "10.0.0.1", "master_port": 1234}
    place.script(
        """
        import os
        open("model.h5", "w").close()
        open(os.path.join(os.environ["FAHR_OUTPUT_DIR"], "direct"), "w").close()
        names = "MASTER_ADDR MASTER_PORT NNODES NODE_RANK RANK WORLD_SIZE LOCAL_RANK"
        print(*(os.environ[name] for name in names.split()))
        """
    )
    result = place.run(launch="python")
    assert result.out == "10.0.0.1 1234 3 2 2 3 0\n"
    assert result.files == {
        "rank-2",
        "rank-2/model.h5",
        "rank-2/direct",
        "rank-2/fahr-job.json",
    }
