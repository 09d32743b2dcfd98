"""Scripts and notebooks with packages, however these are named; images of one's own."""

from __future__ import annotations

import json

import pytest
from tests.e2e.at_cloud import ENVIRONMENTS, image_of_ones_own, notebook


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_packages_are_those_of_the_environment(fahr, environment):
    environment(fahr)
    name, job = fahr.sent("train.py")
    assert job.reason == ""
    assert "six is 1.17.0" in fahr.printed(name)


def test_a_notebook_comes_home_executed_with_its_parameters(fahr):
    cells = notebook(
        ("epochs = 1", "parameters"),
        ("print('trains', epochs)",),
        ("open('model.txt', 'w').write('weights')",),
    )
    fahr.write("train.ipynb", cells)
    name, job = fahr.sent("train.ipynb", "-p", "epochs=7")
    assert job.reason == ""
    files = fahr.fetched(name)
    assert files["model.txt"].read_text() == "weights"
    executed = json.loads(files["train.executed.ipynb"].read_text())
    texts = [out.get("text", "") for each in executed["cells"] for out in each.get("outputs", [])]
    assert any("trains 7" in "".join(text) for text in texts)


def test_an_image_of_ones_own_is_what_the_job_starts_from(fahr, aws_engine):
    fahr.write("train.py", "import os\nprint('colour', os.environ['COLOUR'])\n")
    with image_of_ones_own(aws_engine) as image:
        name, job = fahr.sent("train.py", f"--train-image={image}")
    assert job.reason == ""
    assert "colour blue" in fahr.printed(name)
