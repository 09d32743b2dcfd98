"""An experiment keeps its id, wherever its folder goes."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from fahr_kaggle.identity import FILE, experiment_id, plain_address
from jobs import experiment, job_for, session


def git(folder, *words):
    """Run git as somebody, whatever is configured here."""
    who = ["-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", str(folder), *who, *words], check=True, capture_output=True)


def repository(folder, remote=None):
    """Make a repository with an experiment in it and give the experiment."""
    place = experiment(folder, {"train.py": ""})
    git(folder, "init", "--quiet")
    if remote:
        git(folder, "remote", "add", "origin", remote)
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "-m", "first")
    return place


def test_it_is_the_same_each_time_and_another_in_another_folder(tmp_path):
    one, other = (tmp_path / name / "digits" for name in "ab")
    for folder in (one, other):
        folder.mkdir(parents=True)
    assert experiment_id(one) == experiment_id(one) != experiment_id(other)


def test_a_folder_made_where_another_was_is_another(tmp_path):
    folder = tmp_path / "digits"
    folder.mkdir()
    first = experiment_id(folder)
    folder.rename(tmp_path / "old")
    folder.mkdir()
    assert experiment_id(folder) != first


def test_it_is_rendered_once_and_travels_with_the_folder(tmp_path, home):
    place = experiment(tmp_path, {"train.py": ""})
    files = {
        file.path: file.text for file in session().render_artifacts(job_for(place), None).files
    }
    (place / FILE).parent.mkdir(exist_ok=True)
    (place / FILE).write_text(files[FILE])
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(place, elsewhere)
    assert f"{experiment_id(elsewhere)}\n" == files[FILE]


def test_what_somebody_spoilt_is_made_again(tmp_path):
    before = experiment_id(tmp_path)
    (tmp_path / FILE).parent.mkdir()
    (tmp_path / FILE).write_bytes(b"\xff../..\n")
    assert experiment_id(tmp_path) == before


def test_clones_are_one_experiment_and_its_neighbour_is_another(tmp_path):
    place = repository(tmp_path / "one", "git@example.org:me/Models.git")
    again = repository(tmp_path / "two", "https://me:secret@example.org/me/models/")
    fork = repository(tmp_path / "three", "https://example.org/you/models")
    assert experiment_id(place) == experiment_id(again) != experiment_id(fork)
    neighbour = experiment(tmp_path / "one", {"train.py": ""}, "letters")
    alone = experiment_id(neighbour)  # nothing of it is in the repository yet
    git(tmp_path / "one", "add", ".")
    assert len({experiment_id(place), experiment_id(neighbour), alone}) == 3


def test_without_a_remote_the_first_commit_counts(tmp_path):
    place = repository(tmp_path / "one")
    git(tmp_path, "clone", "--quiet", str(tmp_path / "one"), str(tmp_path / "two"))
    git(tmp_path / "two", "remote", "remove", "origin")
    assert experiment_id(place) == experiment_id(tmp_path / "two" / "digits")


@pytest.mark.parametrize(
    "remote",
    [
        "git@example.org:me/models.git",
        "ssh://git@example.org:22/me/models.git",
        "https://example.org/me/models",
        "https://token@Example.org/me/models.git/",
        "git://example.org/me/models.git",
    ],
)
def test_one_address_has_many_spellings(remote):
    assert plain_address(remote) == "example.org/me/models"
