"""The packages of a job: installed at its start, with the internet and without it."""

from __future__ import annotations

import subprocess

import pytest

TRAIN = "import iniconfig\nprint('has', iniconfig.__name__, iniconfig.__file__)\n"


@pytest.mark.parametrize("internet", [True, False], ids=["with-internet", "without"])
def test_requirements_are_there(fahr, cloud, internet):
    fahr.write("requirements.txt", "iniconfig==2.0.0\n")
    fahr.write("train.py", TRAIN)
    _, session = fahr.sent("train.py", "-c", f"enable_internet={str(internet).lower()}")
    assert session.status == "COMPLETE", session.log.text
    assert "has iniconfig" in session.log.text
    assert session.work.internet is internet
    assert len(cloud.datasets.all()) == (0 if internet else 1)


def test_what_the_image_has_is_used_from_there(fahr, cloud, kaggle_image):
    told = "from importlib.metadata import version; print(version('click'))"
    python = str(kaggle_image.ready().python)
    version = subprocess.check_output([python, "-c", told], text=True).strip()
    fahr.write("requirements.txt", f"click=={version}\niniconfig==2.0.0\n")
    fahr.write("train.py", "import click\nprint('click', click.__file__)\n" + TRAIN)
    _, session = fahr.sent("train.py")
    assert session.status == "COMPLETE", session.log.text
    assert "fahr: Kaggle's image has click\n" in session.log.text
    assert f"click {kaggle_image.python.parents[1]}" in session.log.text
    assert "has iniconfig" in session.log.text
    fahr.write("requirements.txt", f"click=={version}\n")
    fahr.write("train.py", "import click\nprint('click', click.__file__)\n")
    _, session = fahr.sent("train.py")
    assert f"click {kaggle_image.python.parents[1]}" in session.log.text


def test_a_machine_and_an_account_are_looked_over(fahr, cloud):
    cloud.me.gpu_used = 9 * 3600
    fahr.write("train.py", "print(1)\n")
    done = fahr("doctor", "--train-driver=kaggle", status=None)
    told = done.stdout + done.stderr
    assert "anna" in told
    assert "21" in told
    assert "30" in told
