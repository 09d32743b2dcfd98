"""One job, from a folder to a model that came home."""

from __future__ import annotations

import json
import random

import pytest

TRAIN = """
import os, pathlib
from net import layers
epochs = 1
name = "x"
print("trains", epochs, name, layers.DEEP, os.environ["FAHR_EXECUTION_ENVIRONMENT"])
pathlib.Path("out").mkdir()
pathlib.Path("out/model.txt").write_text("weights")
"""


def test_a_script_with_its_modules_and_parameters(fahr, cloud):
    fahr.write("net/__init__.py", "")
    fahr.write("net/layers.py", "from . import sizes\nDEEP = sizes.WIDE * 2\n")
    fahr.write("net/sizes.py", "WIDE = 21\n")
    fahr.write("train.py", TRAIN)
    name, session = fahr.sent("train.py", "-p", "epochs=7", "-p", "name=a b")
    assert session.status == "COMPLETE", session.log.text
    assert "trains 7 a b 42 kaggle" in session.log.text
    assert (session.owner, session.slug, session.work.accelerator) == ("anna", "train", "cpu")
    assert cloud.kernels["anna/train"].is_private
    assert fahr.ended(name)["state"] == "complete"
    assert "trains 7 a b 42 kaggle" in fahr("logs", name).stdout
    files = fahr.fetched(name)
    assert files["out/model.txt"].read_text() == "weights"
    record = json.loads(files["fahr-job.json"].read_text())
    assert record["parameters"] == {"epochs": 7, "name": "a b"}
    assert "net" not in {path.split("/")[0] for path in files}
    assert cloud.strays == []
    told = {call.user_agent.partition("/")[0] for call in cloud.calls if call.credentials}
    assert told == {"fahr-kaggle"}


def test_the_old_line_over_https(fahr, cloud):
    fahr.at(cloud, tls=True)
    fahr.write("train.py", "open('model.txt', 'w').write('weights')\n")
    words = ["--train-driver='kaggle'", "--config.username='anna'", "--config.enable_internet=True"]
    name = fahr("fit", "'train.py'", *words).line
    assert cloud.wait("anna/train").status == "COMPLETE"
    assert fahr.fetched(name)["model.txt"].read_text() == "weights"
    assert {call.fault for call in cloud.calls} == {""}
    assert cloud.strays == []


def notebook(*cells):
    rows = [
        {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None, "source": [c]}
        for c in cells
    ]
    return json.dumps({"cells": rows, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def test_a_notebook_without_a_kernelspec(fahr, cloud):
    fahr.write("helper.py", "WORD = 'helped'\n")
    cells = ["epochs = 1", "import helper\nprint('trains', epochs, helper.WORD)"]
    fahr.write("train.ipynb", notebook(*cells, "open('model.txt', 'w').write('weights')"))
    name, session = fahr.sent("train.ipynb", "-p", "epochs=7")
    assert session.status == "COMPLETE", session.log.text
    assert "trains 7 helped" in session.log.text
    pushed = json.loads(session.work.text)["cells"]
    assert any(cells[1] == cell["source"] for cell in pushed), "it is not readable any more"
    assert fahr.fetched(name)["model.txt"].read_text() == "weights"


def test_a_name_too_short_is_padded_the_same_each_time(fahr, cloud):
    fahr.write("nn.py", "print('done')\n")
    _, first = fahr.sent("nn.py")
    _, second = fahr.sent("nn.py")
    assert first.slug == second.slug
    assert len(first.slug) >= 5
    assert len(cloud.kernels[f"anna/{first.slug}"].versions) == 2


def test_code_too_large_for_the_file_travels_as_a_dataset_once(fahr, cloud):
    noise = random.Random(1).randbytes(1_500_000).hex()
    fahr.write("table.py", f"NOISE = '{noise}'\n")
    fahr.write("train.py", "import table\nprint('has', len(table.NOISE))\n")
    for _ in range(2):
        _, session = fahr.sent("train.py")
        assert "has 3000000" in session.log.text
    (dataset,) = cloud.datasets.all()
    assert dataset.is_private
    assert len(dataset.versions) == len(cloud.calls_of("CreateDataset")) == 1


def test_without_credentials_nothing_is_sent(fahr, cloud):
    del fahr.variables["KAGGLE_KEY"]
    fahr.write("train.py", "print(1)\n")
    said = fahr.error("fit", "train.py", "--train-driver=kaggle")
    assert "no Kaggle credentials" in said
    assert cloud.calls == []


@pytest.mark.parametrize("source", ["import nothing_like_that\n", "x = 1 +\n"])
def test_code_that_cannot_run_fails_with_its_reason(fahr, source):
    fahr.write("train.py", "print('begins')\n")
    fahr.write("broken.py", source)
    fahr.write("train.py", "import broken\n")
    name, session = fahr.sent("train.py")
    assert session.status == "ERROR"
    job = fahr.ended(name)
    assert job["state"] == "failed"
    assert "nothing_like_that" in job["reason"] or "SyntaxError" in job["reason"]
