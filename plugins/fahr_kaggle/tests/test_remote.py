"""Jobs that only Kaggle remembers."""

import pytest

from fahr_core.models import Absent, Found
from jobs import ended, experiment, fetched, request_of, sent, session


@pytest.mark.parametrize("name", ["anna/train", "anna/train.py", "train", "anna/train/1"])
def test_a_job_is_found_by_its_kernels_name(tmp_path, kaggle, name):
    ref = sent(request_of(experiment(tmp_path, {"train.py": "E = 1\nprint(E)"}), params={"E": 2}))
    found = session().find_job(name, {})
    assert isinstance(found, Found)
    assert (found.ref.id, found.job.params) == (ref.id, {"E": 2})
    ended(found.ref)
    assert fetched(found.ref, tmp_path / "output")["fahr-job.log"] == b"2\n"


def test_the_latest_version_or_the_one_that_is_asked_for(tmp_path, kaggle):
    place = experiment(tmp_path, {"train.py": "print(1)"})
    for _ in range(3):
        sent(request_of(place))
    assert session().find_job("anna/train", {}).ref.id == "anna/train/3"
    assert session().find_job("anna/train/2", {}).ref.id == "anna/train/2"


@pytest.mark.parametrize("name", ["anna/nothing", "bert/train", "anna/train/9", "a/b/c/d", " "])
def test_what_is_not_there_is_absent(kaggle, name):
    assert isinstance(session().find_job(name, {}), Absent)
