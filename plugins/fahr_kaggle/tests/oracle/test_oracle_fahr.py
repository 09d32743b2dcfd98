"""What fahr writes the official command takes, and what fahr pushes it reads."""

from __future__ import annotations

import json

import pytest

SCRIPT = "print('hello')\nopen('model', 'w').write('weights')\n"


@pytest.mark.parametrize("shell", [False, True], indirect=True, ids=["http", "https"])
def test_the_command_reads_what_fahr_pushed(fahr, kaggle, cloud):
    (fahr.folder / "train.py").write_text(SCRIPT)
    name = fahr("fit", "train.py", "--train-driver=kaggle").strip()
    cloud.wait("anna/train")
    cloud.kernels["anna/train"].unseen = 0
    assert "COMPLETE" in kaggle("kernels", "status", "anna/train")
    told = json.loads(kaggle("kernels", "logs", "anna/train"))
    assert [one["data"] for one in told if one["stream_name"] == "stdout"] == ["hello\n"]
    kaggle("kernels", "output", "anna/train", "-p", kaggle.folder / "theirs")
    fahr("fetch", "./ours", name)
    theirs = {path.name: path.read_bytes() for path in (kaggle.folder / "theirs").iterdir()}
    ours = {path.name: path.read_bytes() for path in (kaggle.folder / "ours").iterdir()}
    assert theirs["model"] == ours["model"] == b"weights"
    assert theirs["fahr-job.json"] == ours["fahr-job.json"]
    assert {"train.log"} == set(theirs) - set(ours)
    assert cloud.strays == []


def test_the_command_pushes_what_fahr_init_wrote(fahr, kaggle, cloud):
    (fahr.folder / "train.py").write_text(SCRIPT)
    fahr("init", "train.py", "--train-driver=kaggle", "-c", "enable_gpu=true")
    said = kaggle("kernels", "push", "-p", kaggle.folder)
    assert "Kernel version 1 successfully pushed" in said
    assert "does not resolve" not in said
    assert cloud.wait("anna/train").status == "COMPLETE"
    version = cloud.kernels["anna/train"].versions[0]
    assert (version.asked["text"], version.machine_shape) == (SCRIPT, "NvidiaTeslaT4")
    assert version.asked["isPrivate"] is True


def test_fahr_fetches_what_the_command_pushed(fahr, kaggle, cloud):
    (fahr.folder / "train.py").write_text(SCRIPT)
    fahr("init", "train.py", "--train-driver=kaggle")
    kaggle("kernels", "push", "-p", kaggle.folder)
    cloud.wait("anna/train")
    cloud.kernels["anna/train"].unseen = 0
    fahr("fetch", "./ours", "anna/train", "--train-driver=kaggle")
    assert (fahr.folder / "ours/model").read_text() == "weights"
