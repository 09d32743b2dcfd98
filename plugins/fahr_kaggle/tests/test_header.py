"""The header of a pushed file."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fahr_kaggle.header import Header, header_of, read_header
from jobs import experiment, job_for

NAMES = st.text(min_size=1, max_size=30)


@given(NAMES, NAMES, st.dictionaries(NAMES, st.none() | st.integers() | NAMES, max_size=3))
def test_it_survives_a_script_and_a_notebook(name, artifact, params):
    header = Header(run="r", job=name, experiment=name, artifact=artifact, params=params)
    assert header.line().isascii()
    assert "\n" not in header.line()
    assert read_header(header.line() + "\nprint('# fahr-job {}')\n") == header
    cells = [{"cell_type": "code", "source": f"{header.line()}\nx = 1"}]
    assert read_header(json.dumps({"cells": cells})) == header
    assert read_header(json.dumps({"cells": [{"source": [f"{header.line()}\n", "x"]}]})) == header


@pytest.mark.parametrize(
    "source",
    ["", "print(1)", "# fahr-job {", "# fahr-job {1}", '{"cells": []}', "{", '# fahr-job {"a": 1}'],
)
def test_what_is_not_from_fahr_has_none(source):
    assert read_header(source) is None


def test_a_job_is_known_again(tmp_path, home):
    job = job_for(experiment(tmp_path, {"train.py": "EPOCHS = 1"}), params={"EPOCHS": 3})
    again = read_header(header_of(job).line()).as_job()
    assert (again.name, again.run_id, again.params) == (job.name, job.run_id, {"EPOCHS": 3})
    assert (again.experiment, again.artifact) == ("digits", "train.py")


def test_a_kernel_belongs_to_an_experiment_and_its_artifact(tmp_path, home):
    job = job_for(experiment(tmp_path, {"train.py": ""}))
    assert header_of(job, identity="3f2a").owner == ("3f2a", "train.py")
