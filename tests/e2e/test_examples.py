"""Every example as a job: sent, followed, asked for, and its output brought home."""

from __future__ import annotations

import json

import pytest


def names_in(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_digits_trains_a_model_that_comes_home(fahr):
    fahr.example("digits")
    done = fahr("fit", "train.py", "--follow", "-p", "epochs=3")
    lines = done.stdout.splitlines()
    assert lines[0].startswith("epoch 1/3 loss ")
    assert lines[-1] == "wrote model.joblib, metrics.json"
    assert "requirements.txt: " in done.stderr  # what it was resolved to is told
    assert done.stderr.splitlines()[-1].startswith("digits-train-1 complete, ")

    assert fahr("status").stdout.startswith("digits-train-1  complete ")
    assert fahr("logs").stdout == done.stdout
    fetched = fahr("fetch")
    assert fetched.line == "./digits-train-1"
    home = fahr.folder / "digits-train-1"
    assert names_in(home) == {"model.joblib", "metrics.json", "fahr-job.json"}
    assert len(json.loads((home / "metrics.json").read_text())["history"]) == 3
    record = json.loads((home / "fahr-job.json").read_text())
    assert record["parameters"] == {"epochs": 3}
    assert {"scikit-learn", "joblib", "numpy"} <= set(record["packages"])
    assert fahr.jobs()["digits-train-1"]["fetched"] == str(home)

    # The environment is there now, and what runs next in it has what it needs.
    again = fahr("fit", "train.py", "-f", "-p", "epochs=1", "-p", "batch-size=100")
    assert again.stdout.startswith("epoch 1/1 loss ")
    environments = [place for place in (fahr.home / "environments").iterdir() if place.is_dir()]
    assert len(environments) == 1


def test_the_notebook_runs_with_its_parameters_and_keeps_its_plot(fahr):
    fahr.example("digits_notebook")
    name = fahr("fit", "train.ipynb", "-p", "epochs=4").line
    assert name == "digits-notebook-train-1"
    assert fahr.ended(name)["state"] == "complete"
    assert fahr("fetch", "./out/", name).line.rstrip("/") in ("out", "./out")
    out = fahr.folder / "out"
    assert {"train.executed.ipynb", "model.npz", "metrics.json"} <= names_in(out)
    assert json.loads((out / "metrics.json").read_text())["epoch"] == 4
    notebook = json.loads((out / "train.executed.ipynb").read_text())
    outputs = [x for cell in notebook["cells"] for x in cell.get("outputs", [])]
    assert any("image/png" in x.get("data", {}) for x in outputs)
    assert not any(x["output_type"] == "error" for x in outputs)


def test_constants_are_parameters_too(fahr):
    fahr.example("constants")
    done = fahr("fit", "-f", "-p", "epochs=2", "-p", "learning_rate=0.25")
    assert [line.split(" val_acc")[0] for line in done.stdout.splitlines()] == [
        "epoch 1/2",
        "epoch 2/2",
        "wrote model.json, metrics.json",
    ]
    assert fahr("show", "--json").document["params"] == {"epochs": 2, "learning_rate": 0.25}
    said = fahr.error("fit", "-p", "batch_sze=64")
    assert 'no parameter "batch_sze"; did you mean batch_size' in said
    assert list(fahr.jobs()) == ["constants-train-1"]


def test_the_failing_one_says_why_wherever_it_is_asked(fahr):
    fahr.example("failing")
    done = fahr("fit", "train.py", "--follow", status=1)
    assert "reading row 3/3" in done.stdout.splitlines()
    last = done.stderr.splitlines()[-1]
    assert last.startswith("failing-train-1 failed after ")
    assert "KeyError: 'label'" in last
    reason = fahr.job("failing-train-1")["reason"]
    assert reason.startswith("KeyError: 'label'")
    assert "train.py:13" in reason
    assert fahr.job("failing-train-1")["exit_code"] == 1

    status = fahr("status")  # the question was answered
    assert reason.splitlines()[0] in status.stdout
    assert "fahr logs failing-train-1 --tail 50" in status.stdout
    fahr("wait", status=1)
    fahr("logs", "-f", status=1)
    fahr("fetch", "./out/")
    assert "fahr-job.json" in names_in(fahr.folder / "out")


def test_a_stopped_job_is_gone_on_with_by_another(fahr, eventually):
    fahr.example("resume")
    name = fahr("fit", "train.py", "-p", "steps=100000", "-p", "seconds-per-step=0.02").line
    eventually(lambda: "step 3/" in fahr("logs", name).stdout, timeout=60)
    fahr("stop", name)
    assert fahr.ended(name)["state"] == "stopped"
    last = fahr("logs", name).stdout.splitlines()[-1]
    reached = int(last.split()[3].rstrip(";"))

    words = ["-p", f"steps={reached + 2}", "-p", "seconds-per-step=0"]
    done = fahr("fit", "train.py", "-f", *words, "--input", f"prior=job:{name}")
    lines = done.stdout.splitlines()
    assert lines[0].startswith("resuming from ")
    assert lines[1].startswith(f"step {reached + 1}/{reached + 2} ")
    fahr("fetch")
    home = fahr.folder / "resume-train-2"
    assert json.loads((home / "model.json").read_text())["step"] == reached + 2
    assert json.loads((home / "checkpoints" / "state.json").read_text())["step"] == reached + 2


def test_a_notebook_that_fails_in_its_third_cell_names_cell_and_exception(fahr):
    cells = ["print('one')", "print('two')", "print('three'); {}['label']", "print('four')"]
    write_notebook(fahr, cells)
    done = fahr("fit", "train.ipynb", "-f", status=1)
    assert "KeyError: 'label'" in done.stderr.splitlines()[-1]
    job = fahr.job("digits-train-1")
    assert job["state"] == "failed"
    assert "KeyError: 'label'" in job["reason"]
    assert "cell 3" in job["reason"]
    fahr("fetch")
    notebook = json.loads((fahr.folder / "digits-train-1" / "train.executed.ipynb").read_text())
    said = ["".join(x.get("text", "")) for c in notebook["cells"] for x in c.get("outputs", [])]
    assert "one\n" in said
    assert "three\n" in said
    assert "four\n" not in said


@pytest.mark.parametrize("name", ["mein notebook", "größe"])
def test_a_notebook_may_have_any_name(fahr, name):
    write_notebook(fahr, ["print('here')"], f"{name}.ipynb")
    job = fahr("fit", f"{name}.ipynb", "-f", "--json")
    assert "here" in job.stderr
    fahr("fetch", "./out/")
    assert f"{name}.executed.ipynb" in names_in(fahr.folder / "out")


def write_notebook(fahr, cells, name="train.ipynb"):
    code = {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": []}
    cells = [{**code, "id": f"cell-{n}", "source": source} for n, source in enumerate(cells)]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    document = {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4}
    fahr.write(name, json.dumps({**document, "nbformat_minor": 5}))
