"""The examples are programs of their own: they run without fahr."""

from __future__ import annotations

import ast
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"
FOLDERS = sorted(path.name for path in EXAMPLES.iterdir() if path.is_dir())
WITHOUT_PACKAGES = ["constants", "failing", "resume"]


@pytest.fixture
def example(tmp_path):
    """Give a function that copies an example's folder to where it may write."""

    def copied(name):
        return Path(shutil.copytree(EXAMPLES / name, tmp_path / name))

    return copied


def plain(folder, *arguments, **environment):
    return subprocess.run(
        [sys.executable, "train.py", *arguments],
        cwd=folder,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_the_examples_are_the_ones_that_are_named_here():
    assert FOLDERS == ["constants", "digits", "digits_notebook", "failing", "resume"]


@pytest.mark.parametrize("name", FOLDERS)
def test_an_example_has_one_artifact_and_says_what_it_needs(name):
    files = {path.name for path in (EXAMPLES / name).iterdir() if path.is_file()}
    needs = set() if name in WITHOUT_PACKAGES else {"requirements.txt"}
    assert files - needs in ({"train.py"}, {"train.ipynb"})
    assert needs <= files


@pytest.mark.parametrize("name", WITHOUT_PACKAGES)
def test_an_example_without_an_environment_file_needs_no_package(name):
    tree = ast.parse((EXAMPLES / name / "train.py").read_text(encoding="utf-8"))
    imported = {
        alias.name.split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in ([ast.alias(node.module)] if isinstance(node, ast.ImportFrom) else node.names)
    }
    assert imported <= sys.stdlib_module_names


def test_constants_trains_a_model_and_writes_its_metrics(example):
    folder = example("constants")
    done = plain(folder)
    assert done.returncode == 0, done.stderr
    assert "epoch 20/20 val_acc" in done.stdout
    assert json.loads((folder / "metrics.json").read_text())["val_acc"] > 0.8
    assert len(json.loads((folder / "model.json").read_text())["weights"]) == 2


def test_failing_fails_with_a_key_error_after_some_output(example):
    done = plain(example("failing"))
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1] == "reading row 3/3"
    assert done.stderr.splitlines()[-1] == "KeyError: 'label'"


def test_resume_keeps_a_checkpoint_on_sigterm_and_goes_on_from_it(example, eventually):
    folder = example("resume")
    state = folder / "checkpoints" / "state.json"
    command = [sys.executable, "train.py", "--steps=100000", "--seconds-per-step=0.01"]
    running = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True)
    eventually(lambda: state.exists() or running.poll() is not None)
    running.send_signal(signal.SIGTERM)
    output, _ = running.communicate(timeout=30)
    reached = json.loads(state.read_text())["step"]
    assert running.returncode == 128 + signal.SIGTERM
    assert f"stopped after step {reached};" in output

    done = plain(folder, f"--steps={reached + 2}", "--seconds-per-step=0")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[1].startswith(f"step {reached + 1}/")
    assert json.loads((folder / "model.json").read_text())["step"] == reached + 2


def test_resume_starts_from_an_earlier_jobs_output_and_writes_where_it_is_told(example, tmp_path):
    prior = tmp_path / "inputs" / "prior" / "checkpoints"
    prior.mkdir(parents=True)
    (prior / "state.json").write_text('{"step": 7, "loss": 0.5}')
    done = plain(
        example("resume"),
        "--steps=8",
        "--seconds-per-step=0",
        FAHR_INPUT_DIR=str(tmp_path / "inputs"),
        FAHR_CHECKPOINT_DIR=str(tmp_path / "kept"),
    )
    assert done.returncode == 0, done.stderr
    assert "step 8/8" in done.stdout
    assert "step 1/8" not in done.stdout
    assert json.loads((tmp_path / "kept" / "state.json").read_text())["step"] == 8
    assert json.loads((prior / "state.json").read_text())["step"] == 7


def test_the_notebook_is_valid_and_carries_no_output():
    nbformat = pytest.importorskip("nbformat")
    path = EXAMPLES / "digits_notebook" / "train.ipynb"
    notebook = nbformat.read(path, as_version=nbformat.NO_CONVERT)
    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(cell.outputs == [] and cell.execution_count is None for cell in code)
    assert [cell.id for cell in code if "parameters" in cell.metadata.get("tags", [])] == [
        "parameters"
    ]
