"""What is checked before anything is sent."""

from dataclasses import replace

import pytest
from tests.clouds.kaggle import Limits

from fahr_kaggle.checks import examine
from jobs import experiment, job_for, request_of, sent
from test_composing import notebook


@pytest.fixture
def place(tmp_path, kaggle):
    return experiment(tmp_path, {"train.py": "print(1)", "nb.ipynb": notebook("x = 1")})


def told(place, artifact="train.py", **order):
    found = examine(job_for(place, artifact, **order))
    return {finding.subject: finding for finding in found}


def errors(place, **order):
    return [one.message for one in told(place, **order).values() if one.level == "error"]


def test_all_is_well(place):
    assert told(place)["credentials"].message == "anna"
    assert errors(place) == []


def test_the_quota_is_told(place, kaggle):
    kaggle.me.gpu_used = 9 * 3600
    assert "21 of 30 GPU hours left" in told(place, options={"gpu": "any"})
    sample = replace(job_for(place), run_id="sample")
    assert {"21 of 30 GPU hours left", "20 of 20 TPU hours left"} <= {
        finding.subject for finding in examine(sample)
    }
    kaggle.limits = Limits(gpu_seconds=3600)
    assert "used up" in errors(place, options={"gpu": "any"})[0]


def test_a_quota_that_is_not_to_be_had_stops_nothing(place, kaggle):
    kaggle.faults.add("GetAcceleratorQuotaStatistics", "broken", times=99)
    assert told(place, options={"gpu": "any"})["quota"].level == "warning"
    assert errors(place, options={"gpu": "any"}) == []


def test_sources_are_looked_for(place, kaggle):
    kaggle.join("titanic", {"t.csv": "1"})
    kaggle.competitions["mnist"] = kaggle.competitions["titanic"]
    pairs = [
        "dataset_sources=bert/none",
        "kernel_sources=bert/nothing",
        "competition_sources=titanic,mnist,nowhere",
    ]
    found = [one.message for one in examine(job_for(place, pairs=pairs)) if one.level == "error"]
    assert found == [
        "no dataset bert/none, or not for this account",
        "no kernel bert/nothing, or not for this account",
        "you have not accepted the rules of mnist",
        "no competition nowhere",
    ]


def test_another_experiments_kernel_is_told_before(place, tmp_path):
    sent(request_of(place))
    other = experiment(tmp_path, {"train.py": ""}, "letters")
    assert "belongs to train.py of the experiment digits" in errors(other)[0]
    assert errors(place) == []


def test_credentials_of_somebody_else(place, outside):
    assert "those of anna, not of bert" in errors(place, pairs=["username=bert"])[0]
    outside.setenv("KAGGLE_KEY", "wrong")
    assert "does not accept" in errors(place)[0]
    outside.delenv("KAGGLE_KEY")
    assert errors(place) == ["no Kaggle credentials"]


def test_a_token_that_is_not_valid(place, outside):
    outside.setenv("KAGGLE_API_TOKEN", "KGAT_old")
    assert "not valid any more" in errors(place)[0]


def test_doubts_are_said(place):
    found = told(place, pairs=["is_private=false"], options={"timeout": 50000.0})
    assert found["public"].level == "warning"
    assert "12 hours" in found["time"].message
    assert "chain" in told(place, "nb.ipynb", pairs=["chain=2"])
    assert told(place, "nb.ipynb", options={"timeout": 60.0})["time"].level == "warning"
