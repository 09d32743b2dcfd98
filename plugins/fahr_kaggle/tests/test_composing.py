"""The one file that is pushed."""

import ast
import json
import os
import subprocess
import sys

import pytest

from fahr_core.errors import ArtifactError, UsageError
from fahr_kaggle import composing
from fahr_kaggle.bundle import LIMIT
from fahr_kaggle.header import read_header
from fahr_kaggle.kernel import Kernel
from fahr_kaggle.staging import push_of
from jobs import experiment, request_of

ANNA = Kernel("anna", "train")


def notebook(*sources, **metadata):
    cells = [
        {"cell_type": "code", "metadata": {}, "execution_count": 3, "outputs": [1], "source": one}
        for one in sources
    ]
    return json.dumps({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 4})


def composed(tmp_path, files, **order):
    request = request_of(experiment(tmp_path, files), next(iter(files)), **order)
    return request, push_of(request, ANNA)


@pytest.fixture(autouse=True)
def at_home(home):
    """Know no credentials and no job."""


def test_the_same_request_gives_the_same_bytes(tmp_path):
    request, push = composed(tmp_path, {"train.py": "import net", "net.py": ""})
    for file in (tmp_path / "digits").iterdir():
        os.utime(file, (0, 0))
    assert push_of(request, ANNA).text == push.text


def test_a_script_is_python_with_a_header(tmp_path):
    request, push = composed(tmp_path, {"train.py": "X = 1"})
    ast.parse(push.text, feature_version=(3, 8))
    assert push.text.isascii()
    assert read_header(push.text).run == request.run_id
    assert max(map(len, push.text.splitlines())) < 400
    assert len(push.text) < 120_000


def test_an_odd_name_ends_no_comment(tmp_path):
    name = 'it\'s "odd"\n"""; import os; os.abort() #.py'
    _, push = composed(tmp_path, {name: "X = 1"})
    ast.parse(push.text)
    assert "os.abort()" not in [line.strip() for line in push.text.splitlines()]


def test_a_script_finds_its_modules_and_starts(tmp_path):
    """The bootstrap alone: it needs neither Kaggle nor fahr."""
    _, push = composed(tmp_path, {"train.py": "print('started')"})
    script = tmp_path / "script.py"
    script.write_text(push.text)
    done = subprocess.run([sys.executable, script], capture_output=True, text=True)
    # Without /kaggle there is nowhere to put the output: what is seen is the launcher's word.
    assert "started" in done.stdout or "/kaggle" in done.stderr


def test_a_notebook_stays_one(tmp_path):
    files = {"train.ipynb": notebook("EPOCHS = 1", "print(EPOCHS)"), "net.py": ""}
    request, push = composed(tmp_path, files, params={"EPOCHS": 5})
    made = json.loads(push.text)
    first, *own, last = made["cells"]
    assert [cell["source"] for cell in own] == ["EPOCHS = 5", "print(EPOCHS)"]
    assert all(cell["outputs"] == [] for cell in own)
    assert made["metadata"]["kernelspec"]["name"] == "python3"
    assert read_header(push.text).run == request.run_id
    assert first["source"].count("\n") > 5
    assert "fahr_job.end()" in last["source"]


def test_a_tagged_cell_is_overridden_as_by_papermill(tmp_path):
    text = json.loads(notebook("EPOCHS = 1", "print(EPOCHS)"))
    text["cells"][0]["metadata"]["tags"] = ["parameters"]
    _, push = composed(tmp_path, {"train.ipynb": json.dumps(text)}, params={"EPOCHS": 5})
    own = json.loads(push.text)["cells"][1:-1]
    assert own[0]["source"] == "EPOCHS = 1"
    assert own[1]["source"] == "# Parameters\nEPOCHS = 5"
    assert own[1]["metadata"]["tags"] == ["injected-parameters"]


def test_cells_have_ids_where_the_format_wants_them(tmp_path):
    text = json.loads(notebook("x = 1"))
    text["nbformat_minor"] = 5
    text["cells"][0]["id"] = "one"
    _, push = composed(tmp_path, {"train.ipynb": json.dumps(text)})
    assert [cell["id"] for cell in json.loads(push.text)["cells"]] == [
        "fahr-first",
        "one",
        "fahr-last",
    ]


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"worksheets": []}', notebook("x", kernelspec={"language": "R"})]
)
def test_what_is_no_notebook_is_refused(tmp_path, text):
    with pytest.raises(ArtifactError):
        composed(tmp_path, {"train.ipynb": text})


def test_a_notebook_that_is_too_large_is_refused(tmp_path):
    text = notebook(f"x = '{'x' * LIMIT}'")
    with pytest.raises(UsageError, match="Kaggle takes 900,000"):
        composed(tmp_path, {"train.ipynb": text})


def test_the_limit_is_below_kaggles(tmp_path, monkeypatch):
    monkeypatch.setattr(composing, "LIMIT", 90_000)
    noise = os.urandom(30_000).hex()
    request, push = composed(tmp_path, {"train.py": "X = 1", "big.py": f"# {noise}"})
    assert not push.with_code
    (dataset,) = push.fields["datasetDataSources"]
    assert dataset.startswith("anna/fahr-")
    assert request.job.code.digest[7:20] in dataset
