"""What a job reads: folders from here, datasets, competitions, the output of another job."""

from __future__ import annotations

import pytest

READS = """
import os
inputs = os.environ["FAHR_INPUT_DIR"]
for folder, _, names in os.walk(inputs, followlinks=True):
    for name in names:
        path = os.path.join(folder, name)
        print(os.path.relpath(path, inputs), open(path).read())
"""


@pytest.mark.parametrize("layout", ["flat", "nested"])
def test_a_folder_from_here_is_uploaded_once(fahr, clouds, layout):
    cloud = clouds(layout=layout)
    fahr.at(cloud).write("train.py", READS)
    fahr.write("data/a/rows.csv", "1,2")
    fahr.write("data/top.csv", "3")
    for _ in range(2):
        _, session = fahr.sent("train.py", "--input", "data=./data")
        assert "data/a/rows.csv 1,2" in session.log.text
        assert "data/top.csv 3" in session.log.text
    (dataset,) = cloud.datasets.all()
    assert dataset.is_private
    assert len(cloud.calls_of("CreateDataset")) == len(dataset.versions) == 1


def test_the_output_of_another_job_is_an_input(fahr, cloud):
    fahr.write("train.py", "open('model.txt', 'w').write('weights')\n")
    prior, _ = fahr.sent("train.py")
    assert fahr.ended(prior)["state"] == "complete"
    fahr.write("refine.py", READS)
    _, session = fahr.sent("refine.py", "--input", f"prior=job:{prior}")
    assert "prior/model.txt weights" in session.log.text


def test_sources_of_the_service_are_there_in_either_way_of_writing_a_list(fahr, cloud):
    cloud.datasets.put("anna", "my-rows", {"rows.csv": "1"})
    cloud.datasets.put("anna", "my-more", {"more.csv": "2"})
    cloud.join("titanic", {"train.csv": "3"})
    fahr.write("train.py", READS)
    words = ['--config.dataset_sources=["anna/my-rows","anna/my-more"]']
    _, session = fahr.sent("train.py", *words, "-c", "competition_sources=titanic")
    for line in ("my-rows/rows.csv 1", "my-more/more.csv 2", "titanic/train.csv 3"):
        assert line in session.log.text


@pytest.mark.parametrize(
    ("setting", "source"),
    [
        ("dataset_sources", "anna/never-made"),
        ("kernel_sources", "anna/never-run"),
        ("competition_sources", "never-held"),
    ],
)
def test_a_source_that_is_not_there_is_said_before_anything_is_sent(fahr, cloud, setting, source):
    fahr.write("train.py", "print(1)\n")
    said = fahr.error("fit", "train.py", "--train-driver=kaggle", "-c", f"{setting}={source}")
    assert source in said
    assert cloud.sessions == []
