"""Settings, an edited kernel-metadata.json, defaults: in that order."""

import json

import pytest

from fahr_core.errors import FahrError, SettingsError, UsageError
from fahr_core.marks import mark
from fahr_core.render import write_files
from fahr_core.settings.shown import folder_rows
from fahr_kaggle.options import options_of
from fahr_kaggle.planning import render
from jobs import experiment, job_for, request_of


@pytest.fixture
def place(tmp_path, home):
    return experiment(tmp_path, {"train.py": "print(1)"})


def edit(place, **values):
    (place / "kernel-metadata.json").write_text(json.dumps({"id": "anna/other", **values}))


def test_a_kernel_is_private_and_on_a_processor(place):
    options = options_of(job_for(place))
    assert (options.private, options.machine.kind, options.internet) == (True, "cpu", True)
    assert (options.owner, options.slug, options.title) == (None, "train", "train")


def test_what_a_person_wrote_into_the_file_counts(place):
    edit(place, enable_gpu="true", dataset_sources=["a/b"], competition_sources=["titanic"])
    options = options_of(job_for(place))
    assert (options.owner, options.slug, options.machine.kind) == ("anna", "other", "gpu")
    assert (options.datasets, options.competitions) == (("a/b",), ("titanic",))


def test_places_to_fill_in_say_nothing(place):
    edit(place, id="INSERT_USERNAME_HERE/train-it", title="INSERT_TITLE_HERE", enable_gpu=True)
    options = options_of(job_for(place))
    assert (options.owner, options.slug, options.machine.kind) == (None, "train-it", "gpu")
    edit(place, id="anna/INSERT_KERNEL_SLUG_HERE")
    options = options_of(job_for(place))
    assert (options.owner, options.slug) == ("anna", "train")


def test_a_title_that_only_repeats_the_slug_is_none(place):
    edit(place, title="other")
    options = options_of(job_for(place, pairs=["slug=third"]))
    assert (options.slug, options.title) == ("third", "third")
    assert options_of(job_for(place)).title == "other"


def test_every_setting_is_shown_with_the_files_name(place):
    edit(place, enable_gpu="true", dataset_sources=["a/b"], is_private="false")
    rows, faults = folder_rows(place, ["enable_gpu=false"], train_driver="kaggle")
    told = {row.key: (row.value, row.origin) for row in rows}
    assert told["kaggle.dataset_sources"] == (["a/b"], "kernel-metadata.json")
    assert told["kaggle.slug"] == ("other", "kernel-metadata.json")
    assert told["kaggle.enable_gpu"] == (False, "command line")
    assert told["kaggle.is_private"] == (None, "default")
    assert faults == []


def test_a_file_that_is_overwritten_says_nothing(place):
    edit(place, enable_gpu=True)
    assert options_of(job_for(place, overwrite=True)).machine.kind == "cpu"


def test_settings_are_stronger_than_the_file(place):
    edit(place, enable_gpu=True, dataset_sources=["a/b"])
    pairs = ["enable_gpu=false", "dataset_sources=c/d, e/f", "slug=third"]
    options = options_of(job_for(place, pairs=pairs))
    assert (options.machine.kind, options.slug) == ("cpu", "third")
    assert options.datasets == ("c/d", "e/f")


def test_fahrs_own_file_says_nothing(place):
    write_files(place, render(job_for(place, pairs=["enable_gpu=true"])).files)
    assert options_of(job_for(place)).machine.kind == "cpu"


def test_the_file_alone_publishes_nothing(place):
    edit(place, is_private=False)
    with pytest.raises(UsageError, match=r"kernel-metadata.json says public"):
        request_of(place)
    assert options_of(request_of_published(place)).private is False


def request_of_published(place):
    return job_for(place, pairs=["is_private=false"])


@pytest.mark.parametrize("text", ["{", "[1]", '{"id": "a/b", "dataset_sources": ["x"]}'])
def test_a_broken_file_is_told(place, text):
    (place / "kernel-metadata.json").write_text(text)
    with pytest.raises(SettingsError, match=r"kernel-metadata.json"):
        request_of(place)


def test_the_title_gives_the_slug(place):
    options = options_of(job_for(place, pairs=["title=My Model"]))
    assert (options.slug, options.title) == ("my-model", "My Model")
    with pytest.raises(SettingsError, match="agree"):
        request_of(place, pairs=["title=My Model", "slug=train"])


def test_a_slug_that_is_too_short_is_refused(place):
    with pytest.raises(SettingsError, match="5 to 50"):
        request_of(place, pairs=["slug=nn"])


def test_trials_have_kernels_of_their_own(place):
    from dataclasses import replace

    trial = replace(job_for(place), tags={"trial": "7"})
    assert (options_of(trial).slug, options_of(trial).title) == ("train-7", "train-7")


def test_what_is_rendered_is_what_the_official_command_reads(place):
    job = job_for(place, pairs=["username=anna", "enable_gpu=true"])
    file, mine = render(job).files
    assert (file.path, mine.path) == ("kernel-metadata.json", ".fahr/experiment")
    content = json.loads(mark(file.text, "json"))
    assert content.pop("_fahr")
    assert content == {
        "id": "anna/train",
        "title": "train",
        "code_file": "train.py",
        "language": "python",
        "kernel_type": "script",
        "is_private": True,
        "enable_gpu": True,
        "enable_tpu": False,
        "machine_shape": "NvidiaTeslaT4",
        "enable_internet": True,
        "dataset_sources": [],
        "kernel_sources": [],
        "competition_sources": [],
        "model_sources": [],
    }


@pytest.mark.parametrize(
    "location", ["s3://bucket/x", "kaggle://datasets/only", "kaggle://songs/a/b"]
)
def test_inputs_that_kaggle_cannot_bring_are_refused(place, location):
    with pytest.raises(FahrError, match="input data"):
        request_of(place, inputs=(f"data={location}",))


def test_the_same_folder_is_the_same_dataset(place, tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x.csv").write_text("1")
    uploads = [
        request_of(place, inputs=(f"data={tmp_path / name}",)).uploads for name in ("one", "two")
    ]
    assert uploads[0] == uploads[1]
    (name,) = uploads[0]
    assert name.startswith("fahr-")
    assert 6 <= len(name) <= 50
