"""`fahr images` on the engine's store: what is fahr's, what it is used for, what goes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from fahr_core.cli.app import run
from fahr_core.models import State
from recorded_jobs import recorded
from small_images import made, new_hash

if TYPE_CHECKING:
    from collections.abc import Callable


__all__ = ["made"]


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Callable:
    """Give a function that runs a command line and gives its status, stdout and stderr."""

    def called(*words: str) -> tuple[int, str, str]:
        capsys.readouterr()
        status = run(list(words))
        return (status, *capsys.readouterr())

    return called


@pytest.fixture
def names(made: Callable) -> dict[str, str]:
    """Give an environment with two images of code on it."""
    names = {"env": f"fahr/env:{new_hash()}"}
    names |= {one: f"fahr/digits:code-{new_hash()}" for one in ("old", "new")}
    made(names["env"], "environment", content="x" * 100_000)
    for one in ("old", "new"):
        made(names[one], "job", base=names["env"], content=one * 20_000)
    return names


def test_each_image_is_told_with_the_jobs_that_use_it(call, names, engine):
    digest = engine.find(names["new"]).id
    job = recorded(f"{names['new']}", state=State.SUBMITTED)
    by_digest = recorded(digest)
    status, out, _ = call("images", "--json")
    told = {document["tags"][0]: document for document in json.loads(out)}
    assert status == 0
    assert set(told) == set(names.values())
    assert set(told[names["new"]]["jobs"]) == {job, by_digest}
    assert told[names["new"]]["unfinished"] == [job]
    assert told[names["new"]]["experiment"] == "/home/me/digits"
    assert told[names["old"]]["jobs"] == []
    assert told[names["old"]]["experiment"] == "digits"
    assert told[names["env"]]["kind"] == "env"
    assert set(told[names["env"]]["jobs"]) == {job, by_digest}
    assert told[names["env"]]["size"] == 100_000


def test_in_a_pipe_nothing_is_cut(call, names):
    _, out, err = call("images", "ls")
    rows = [line.split("\t") for line in out.splitlines()]
    assert {row[1] for row in rows} == set(names.values())
    assert {len(row) for row in rows} == {7}
    # The environment's 100 kB and twice 60 kB, each counted once.
    assert "3 images, up to 220 kB that nothing else has" in err


def test_prune_spares_what_an_unfinished_job_needs(call, names, engine):
    job = recorded(engine.find(names["new"]).id, state=State.SUBMITTED)
    words = ("images", "prune", "--older-than", "0.001s")
    status, out, err = call(*words, "--dry-run")
    assert status == 0
    assert names["old"] in out
    assert engine.find(names["old"])
    status, out, err = call(*words, "--yes")
    assert (status, out.split("\t")[1]) == (0, names["old"])
    assert f"kept      {names['new']}: {job} needs it" in err
    assert "removed 1 image, up to 60 kB" in err
    assert engine.find(names["old"]) is None
    assert engine.find(names["new"])
    assert engine.find(names["env"])


def test_prune_takes_all_when_no_job_needs_any(call, names, engine):
    status, out, _ = call("images", "prune", "--older-than=0.001s", "--yes", "--json")
    told = json.loads(out)
    assert status == 0
    assert {image["tags"][0] for image in told["removed"]} == set(names.values())
    assert told["freed"] == 220_000
    assert not any(map(engine.find, names.values()))


def test_what_fahr_did_not_make_stays(call, names, made, engine):
    """Neither what somebody built on an environment, nor what only has such a name."""
    theirs = f"team/{new_hash()[:8]}:1"
    unlabelled = f"fahr/env:{new_hash()}"
    made(theirs, None, base=names["env"])
    made(unlabelled, None)
    engine.client.api.tag(names["old"], "team/kept", new_hash())
    (kept,) = (tag for tag in engine.client.images.get(names["old"]).tags if "team/" in tag)
    _, out, _ = call("images", "--json")
    assert {tag for one in json.loads(out) for tag in one["tags"]} == set(names.values())
    assert call("images", "prune", "--older-than=0.001s", "--yes")[0] == 0
    assert engine.find(theirs)
    assert engine.find(unlabelled)
    assert engine.find(kept)
    assert engine.find(names["old"]) is None


def test_an_image_that_a_container_needs_stays_and_is_told(call, names, engine):
    container = engine.client.api.create_container(names["old"], command=["nothing"])["Id"]
    try:
        for last in ("--dry-run", "--yes"):
            status, out, err = call("images", "prune", "--older-than=0.001s", last)
            assert status == 0
            assert engine.find(names["old"])
            assert f"kept      {names['old']}: a container was made from it" in err
        assert names["old"] not in out
        assert names["new"] in out
    finally:
        engine.client.api.remove_container(container)


def test_a_container_that_is_made_meanwhile_keeps_its_image(names, engine):
    container = engine.client.api.create_container(names["old"], command=["nothing"])["Id"]
    try:
        assert engine.untag(names["old"]) == "a container was made from it"
        assert engine.find(names["old"])
    finally:
        engine.client.api.remove_container(container)
    assert engine.untag(names["old"]) is None
    assert engine.untag(names["old"]) is None  # gone already


def test_a_question_that_nobody_can_answer_removes_nothing(call, names, engine):
    status, _, err = call("images", "prune", "--older-than=0.001s")
    assert status == 2
    assert "error: nobody can answer here (no terminal): 3 images, up to 220 kB" in err
    assert all(map(engine.find, names.values()))


def test_what_was_just_made_may_be_of_a_fit_under_way(call, names, engine):
    status, _, err = call("images", "prune", "--unused", "--yes")
    assert status == 0
    assert "nothing to remove" in err
    assert all(map(engine.find, names.values()))


def test_without_an_engine_it_names_what_works_without(call, monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    status, _, err = call("images")
    assert status == 2
    assert "error: no Docker engine answers (unix:///nowhere/docker.sock)" in err
    assert "fahr images ls --registry" in err
