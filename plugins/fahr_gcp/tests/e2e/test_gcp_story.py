"""One job, from a folder to a model that came home."""

from __future__ import annotations

import json
import shlex

import pytest
from tests.e2e.at_cloud import ENVIRONMENTS, LONG, MODEL, image_of_ones_own, notebook


def test_a_script_with_its_modules_and_parameters(fahr, gcp):
    fahr.write("net/__init__.py", "")
    fahr.write("net/layers.py", "DEEP = 42\n")
    fahr.write("train.py", MODEL)
    name, job = fahr.sent("train.py", "-p", "epochs=7", "-p", "name=a $(HOME) b")
    assert job.state == "SUCCEEDED", fahr.printed(name)
    assert "trains 7 a $(HOME) b 42 gcp" in fahr.printed(name)
    shown = fahr.job(name)
    assert (shown["state"], shown["attempt"]) == ("complete", 1)
    files = fahr.fetched(name)
    assert files["out/model.txt"].read_text() == "weights"
    record = json.loads(files["fahr-job.json"].read_text())
    assert record["parameters"] == {"epochs": 7, "name": "a $(HOME) b"}
    (pool,) = job.asked["jobSpec"]["workerPoolSpecs"]
    assert "@sha256:" in pool["containerSpec"]["imageUri"]
    assert {"fahr-run", "fahr-job", "fahr-content"} <= set(job.asked["labels"])


def test_the_second_fit_of_the_same_code_pushes_nothing(fahr, gcp):
    fahr.write("train.py", "print('hello')\n")
    nobody = {"DOCKER_HOST": "tcp://127.0.0.1:1"}
    sent = [fahr.sent("train.py"), fahr.sent("train.py", env=nobody)]
    assert [name for name, _ in sent] == ["digits-train-1", "digits-train-2"]
    images = {
        job.asked["jobSpec"]["workerPoolSpecs"][0]["containerSpec"]["imageUri"] for _, job in sent
    }
    assert len(images) == 1


def test_the_first_lines_of_the_page_and_what_is_printed_next_work_as_they_stand(fahr, gcp):
    (fahr.folder / "fahr.toml").unlink()
    fahr.write("train.py", "open('model.txt', 'w').write('weights')\nprint('trained')\n")
    fahr.variables["FAHR_GCP__REGION"] = gcp.regions[0]
    fahr.variables["FAHR_GCP__IMAGE_REPOSITORY"] = f"{gcp.repository('images')}/jobs"
    needed = (f"--config.project={gcp.project}", "--config.output_path=gs://models/runs")
    fahr("init", "train.py", "--train-driver=gcp", *needed)
    told = fahr("fit", timeout=LONG).stderr
    _, _, following = told.partition("\nnext ")
    logs, fetch, stop = [shlex.split(line)[1:] for line in following.splitlines()]
    assert "trained" in fahr(*logs, timeout=LONG).stdout.splitlines()  # ends with the job
    assert (fahr.folder / fahr(*fetch).line / "model.txt").read_text() == "weights"
    fahr(*stop)
    (job,) = gcp.jobs
    assert f"/training/{job.number}?project={gcp.project}" in told


def test_a_notebook_comes_home_executed_with_its_parameters(fahr):
    cells = notebook(
        ("epochs = 1", "parameters"),
        ("print('trains', epochs)",),
        ("open('model.txt', 'w').write('weights')",),
    )
    fahr.write("train.ipynb", cells)
    name, job = fahr.sent("train.ipynb", "-p", "epochs=7")
    assert job.state == "SUCCEEDED", fahr.printed(name)
    files = fahr.fetched(name)
    assert files["model.txt"].read_text() == "weights"
    assert "trains 7" in files["train.executed.ipynb"].read_text()


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_packages_are_those_of_the_environment(fahr, environment):
    environment(fahr)
    name, _ = fahr.sent("train.py")
    assert "six is 1.17.0" in fahr.printed(name)


def test_an_image_of_ones_own_is_what_the_job_starts_from(fahr, gcp_engine):
    fahr.write("train.py", "import os\nprint('colour', os.environ['COLOUR'])\n")
    with image_of_ones_own(gcp_engine) as image:
        name, job = fahr.sent("train.py", f"--train-image={image}")
    assert job.state == "SUCCEEDED"
    assert "colour blue" in fahr.printed(name)


def test_a_dry_run_makes_nothing(fahr, gcp):
    fahr.write("train.py", "print('hello')\n")
    told = fahr("fit", "train.py", "--dry-run", "--train-driver=gcp", timeout=480)
    assert "workerPoolSpecs" in told.stdout
    assert len(gcp.jobs) == 0
    asking = ("get", "list", "batchGet", "testIamPermissions")
    assert not [call.name for call in gcp.called() if not call.name.endswith(asking)]
