"""Notebooks, which Kaggle runs itself."""

import json

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
    assert set(out) == {"m.txt", "fahr-job.json", "fahr-job.log"}
    assert b"8 0.5" in out["fahr-job.log"]
    record = json.loads(out["fahr-job.json"])
    assert (record["state"], record["parameters"]) == ("complete", {"EPOCHS": 4})


def test_a_failed_notebook_says_which_cell(tmp_path, kaggle):
    source = notebook("open('half.txt', 'w').close()", "raise ValueError('no digits')", "print(1)")
    ref = sent(request_of(experiment(tmp_path, {"train.ipynb": source}), "train.ipynb"))
    state = ended(ref)
    assert (state.state, state.reason) == (State.FAILED, "cell 2: ValueError: no digits")
    assert "half.txt" in fetched(ref, tmp_path / "output")


def test_a_notebook_finds_its_inputs(tmp_path, kaggle):
    (tmp_path / "one.csv").write_text("1,2")
    source = notebook("import os\nprint(open(os.environ['FAHR_INPUT_DIR'] + '/data').read())")
    place = experiment(tmp_path, {"train.ipynb": source})
    ref = sent(request_of(place, "train.ipynb", inputs=(f"data={tmp_path / 'one.csv'}",)))
    assert ended(ref).state is State.COMPLETE, kaggle.sessions[0].log.text
    assert "1,2" in kaggle.sessions[0].log.text
