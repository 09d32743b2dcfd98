"""What Kaggle is asked for: every setting arrives, however it is said."""

from __future__ import annotations

import json

import pytest

from fahr_core.models import Refused
from fahr_kaggle import submission
from fahr_kaggle.answers import Pushed
from fahr_kaggle.client import Kaggle
from fahr_kaggle.settings import KaggleSettings
from jobs import experiment, log_of, request_of, sent, session

#: Each setting as it is written into a file, and what Kaggle's push has of it.
SETTINGS = {
    "username": ("anna", {"slug": "anna/my-model"}),
    "slug": ("my-model", {"slug": "anna/my-model"}),
    "title": ("My Model", {"newTitle": "My Model"}),
    "is_private": (False, {"isPrivate": False}),
    "enable_gpu": (True, {"enableGpu": True}),
    "enable_tpu": (False, {"enableTpu": False}),
    "machine_shape": ("NvidiaL4", {"machineShape": "NvidiaL4"}),
    "enable_internet": (False, {"enableInternet": False}),
    "dataset_sources": (["a/b", "c/d"], {"datasetDataSources": ["a/b", "c/d"]}),
    "kernel_sources": (["e/first"], {"kernelDataSources": ["e/first"]}),
    "competition_sources": (["titanic"], {"competitionDataSources": ["titanic"]}),
    "model_sources": (["g/h/i/j/1"], {"modelDataSources": ["g/h/i/j/1"]}),
    "docker_image": ("gcr.io/x@sha256:1", {"dockerImage": "gcr.io/x@sha256:1"}),
    "docker_image_pinning_type": ("original", {"dockerImagePinningType": "original"}),
    "session_timeout": (3600, {"sessionTimeoutSeconds": 3600}),
}


@pytest.fixture
def place(tmp_path, kaggle):
    return experiment(tmp_path, {"train.py": "print(1)"})


def in_toml(place):
    """Write the settings into fahr.toml; JSON's values are TOML's."""
    lines = [f"{key} = {json.dumps(value)}" for key, (value, _) in SETTINGS.items()]
    (place / "fahr.toml").write_text("\n".join(["[kaggle]", *lines]) + "\n")
    return []


def in_words(place):
    """Give the settings as a shell passes them on."""
    words = {key: value if isinstance(value, str) else json.dumps(value) for key, (value, _) in
             SETTINGS.items()}  # fmt: skip
    return [f"{key}={word}" for key, word in words.items()]


def in_metadata(place):
    """Write the settings into kernel-metadata.json, but for those that it does not know."""
    values = {key: value for key, (value, _) in SETTINGS.items()}
    other = {key: values.pop(key) for key in ("is_private", "session_timeout")}
    values |= {"id": f"{values.pop('username')}/{values.pop('slug')}"}
    (place / "kernel-metadata.json").write_text(json.dumps(values))
    return [f"{key}={json.dumps(value)}" for key, value in other.items()]


@pytest.mark.parametrize("said", [in_toml, in_words, in_metadata])
def test_every_setting_arrives(place, kaggle, said):
    session().submit_jobs([request_of(place, pairs=said(place))])  # none of the sources is there
    (push,) = kaggle.calls_of("SaveKernel")
    wanted = {name: value for _, asked in SETTINGS.values() for name, value in asked.items()}
    assert {name: push.document.get(name) for name in wanted} == wanted


def test_no_setting_is_missing_above():
    assert {*SETTINGS, "chain"} == set(KaggleSettings.model_fields)


def test_a_run_that_is_rejected_without_a_word_is_refused(place, kaggle, monkeypatch):
    rejected = Pushed(version=0, url=None, error=None, invalid_sources=())
    monkeypatch.setattr(Kaggle, "push", lambda *_: rejected)
    (answer,) = submission.submit_all([request_of(place)])
    assert isinstance(answer, Refused)
    assert answer.reason == "Kaggle took the file and rejected the run"
    assert not answer.busy


@pytest.mark.parametrize("layout", ["flat", "nested"])
def test_what_is_at_kaggle_is_an_input(place, tmp_path, kaggle, layout):
    kaggle.layout = layout
    kaggle.datasets.put("anna", "my-rows", {"rows.csv": "1,2"})
    other = experiment(tmp_path, {"first.py": "open('model.txt', 'w').write('weights')"}, "other")
    sent(request_of(other, "first.py"))
    kaggle.wait("anna/first")
    (place / "train.py").write_text(
        "import os; d = os.environ['FAHR_INPUT_DIR']\n"
        "print(open(d + '/rows/rows.csv').read(), open(d + '/prior/model.txt').read())"
    )
    inputs = ("rows=kaggle://datasets/anna/my-rows", "prior=kaggle://kernels/anna/first")
    ref = sent(request_of(place, inputs=inputs))
    assert log_of(ref, follow=True) == ["1,2 weights"]
