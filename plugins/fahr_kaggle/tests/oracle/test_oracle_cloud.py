"""The official command finds in the stand-in what it finds at the service."""

from __future__ import annotations

import json

import pytest
from tests.conftest import wait_until

SCRIPT = (
    "import pathlib\nprint('hello')\npathlib.Path('a').mkdir()\nopen('a/model', 'w').write('w')\n"
)


def push(kaggle, text=SCRIPT, **more):
    """Push a script by the command and give what that says."""
    (kaggle.folder / "train.py").write_text(text)
    usual = {
        "id": "anna/train-it",
        "title": "Train it",
        "code_file": "train.py",
        "language": "python",
        "kernel_type": "script",
    }
    (kaggle.folder / "kernel-metadata.json").write_text(json.dumps(usual | more))
    return kaggle("kernels", "push", "-p", kaggle.folder)


@pytest.mark.parametrize("shell", [False, True], indirect=True, ids=["http", "https"])
def test_it_pushes_and_sees_status_log_and_output(kaggle, cloud):
    assert "Kernel version 1 successfully pushed" in push(kaggle)
    cloud.wait("anna/train-it")
    cloud.kernels["anna/train-it"].unseen = 0
    assert "COMPLETE" in kaggle("kernels", "status", "anna/train-it")
    assert json.loads(kaggle("kernels", "logs", "anna/train-it"))[0]["data"] == "hello\n"
    assert kaggle("kernels", "logs", "--follow", "anna/train-it") == "hello\n"
    kaggle("kernels", "output", "anna/train-it", "-p", kaggle.folder / "out")
    assert (kaggle.folder / "out/a/model").read_text() == "w"
    assert "train-it" in kaggle("kernels", "list", "--mine")
    assert "GPU" in kaggle("quota")
    assert cloud.strays == []


def test_it_follows_a_log_that_is_still_written(kaggle, cloud):
    push(kaggle, "import time\nfor n in range(3): print(n, flush=True); time.sleep(0.5)")
    session = cloud.kernels["anna/train-it"].versions[0].session
    wait_until(lambda: session.status != "QUEUED", 60)
    assert kaggle("kernels", "logs", "--follow", "anna/train-it") == "0\n1\n2\n"


def test_it_pulls_what_was_pushed(kaggle, cloud):
    push(kaggle, enable_gpu="true", is_private="true", enable_internet="false")
    place = kaggle.folder / "pulled"
    kaggle("kernels", "pull", "-m", "-p", place, "anna/train-it")
    assert (place / "train-it.py").read_text() == SCRIPT
    metadata = json.loads((place / "kernel-metadata.json").read_text())
    assert (metadata["is_private"], metadata["enable_internet"]) == (True, False)
    assert metadata["machine_shape"] == "NvidiaTeslaT4"


def test_it_says_what_was_refused_and_dropped(kaggle, cloud):
    said = push(kaggle, dataset_sources=["anna/not-there"])
    assert "not valid dataset sources" in said
    slow = "import time; time.sleep(600)"
    for number in (1, 2):
        push(kaggle, slow, id=f"anna/trial-{number}", title=f"Trial {number}", enable_gpu=True)
    said = push(kaggle, slow, id="anna/trial-3", title="Trial 3", enable_gpu=True)
    assert "Kernel push error: Maximum batch GPU session count of 2 reached." in said


def test_it_makes_a_dataset_and_reads_it_back(kaggle, cloud):
    folder = kaggle.folder / "data"
    (folder / "more").mkdir(parents=True)
    (folder / "rows.csv").write_text("1,2\n")
    (folder / "more/deep.csv").write_text("3\n")
    metadata = {"title": "My data", "id": "anna/my-data", "licenses": [{"name": "CC0-1.0"}]}
    (folder / "dataset-metadata.json").write_text(json.dumps(metadata))
    said = kaggle("datasets", "create", "-p", folder, "--dir-mode", "zip")
    assert "Your private Dataset is being created" in said
    said = kaggle("datasets", "version", "-p", folder, "-m", "second", "--dir-mode", "zip")
    assert "Dataset version is being created" in said
    assert len(cloud.datasets["anna/my-data"].versions) == 2
    assert kaggle("datasets", "status", "anna/my-data").strip() in ("ready", "blobs_received")
    assert "more/deep.csv" in kaggle("datasets", "files", "anna/my-data")
    kaggle("datasets", "download", "anna/my-data", "-p", kaggle.folder / "got", "--unzip")
    assert (kaggle.folder / "got/more/deep.csv").read_text() == "3\n"
