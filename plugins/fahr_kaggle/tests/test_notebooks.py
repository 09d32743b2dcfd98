"""Notebooks, which Kaggle runs itself."""

import json

import pytest

from fahr_core.models import State
from jobs import ended, experiment, fetched, request_of, sent
from test_composing import notebook


def test_a_notebook_has_its_modules_and_leaves_a_record(tmp_path, kaggle):
    files = {
        "train.ipynb": notebook(
            "EPOCHS = 1\nRATE = 0.5",
            "import os, net\nprint(net.double(EPOCHS), RATE)\nopen('m.txt', 'w').close()",
            "print(open('conf/a.json').read(), os.environ['FAHR_EXECUTION_ENVIRONMENT'])",
        ),
        "net.py": "def double(x): return 2 * x",
        "conf/a.json": "{}",
    }
    request = request_of(experiment(tmp_path, files), "train.ipynb", params={"EPOCHS": 4})
    ref = sent(request)
    assert ended(ref).state is State.COMPLETE, kaggle.sessions[0].log.text
    out = fetched(ref, tmp_path / "output")
    assert set(out) == {"m.txt", "train.executed.ipynb", "fahr-job.json", "fahr-job.log"}
    executed = json.loads(out["train.executed.ipynb"])["cells"]
    sources = ["".join(cell["source"]) for cell in executed]
    assert sources[0] == "EPOCHS = 4\nRATE = 0.5"
    assert len(sources) == 3, "the cells are not the author's"
    assert "8 0.5\n" in "".join(executed[1]["outputs"][0]["text"])
    assert b"8 0.5" in out["fahr-job.log"]
    record = json.loads(out["fahr-job.json"])
    assert (record["state"], record["parameters"]) == ("complete", {"EPOCHS": 4})


def test_a_failed_notebook_says_which_cell(tmp_path, kaggle):
    source = notebook("open('half.txt', 'w').close()", "raise ValueError('no digits')", "print(1)")
    ref = sent(request_of(experiment(tmp_path, {"train.ipynb": source}), "train.ipynb"))
    state = ended(ref)
    assert (state.state, state.reason) == (State.FAILED, "cell 2: ValueError: no digits")
    out = fetched(ref, tmp_path / "output")
    assert "half.txt" in out
    assert "no digits" in json.dumps(json.loads(out["train.executed.ipynb"])["cells"][-2:])


@pytest.mark.parametrize("copied", [True, False])
def test_the_notebook_that_kaggle_lists_comes_by_fahrs_name(tmp_path, kaggle, copied):
    kaggle.lists_notebooks = True
    source = notebook("print('executed')")
    ref = sent(request_of(experiment(tmp_path, {"train.ipynb": source}), "train.ipynb"))
    assert ended(ref).state is State.COMPLETE, kaggle.sessions[0].log.text
    if not copied:
        (kaggle.sessions[0].output / "train.executed.ipynb").unlink()
    out = fetched(ref, tmp_path / "output")
    assert set(out) == {"train.executed.ipynb", "fahr-job.json", "fahr-job.log"}
    assert b"executed" in out["train.executed.ipynb"]


def test_a_notebook_finds_its_inputs(tmp_path, kaggle):
    (tmp_path / "one.csv").write_text("1,2")
    source = notebook("import os\nprint(open(os.environ['FAHR_INPUT_DIR'] + '/data').read())")
    place = experiment(tmp_path, {"train.ipynb": source})
    ref = sent(request_of(place, "train.ipynb", inputs=(f"data={tmp_path / 'one.csv'}",)))
    assert ended(ref).state is State.COMPLETE, kaggle.sessions[0].log.text
    assert "1,2" in kaggle.sessions[0].log.text
