"""Which images go: by age and use, and never one that somebody still needs."""

from __future__ import annotations

import pytest

from fahr_docker.kept_images.choosing import Wanted, choose
from fahr_docker.kept_images.image import KeptImage, Layer, is_fahrs_tag
from fahr_docker.kept_images.uses import Use

NOW = 1_800_000_000.0
HOUR, DAY = 3600.0, 86400.0
HASH = "0123456789" * 4


def image(name: str, *layers: str, age: float | None = DAY, **about) -> KeptImage:
    kind = name.partition("-")[0]
    told = {
        "repository": None,
        "size": 1,
        "experiment": None,
        "mine": True,
        "created": None if age is None else NOW - age,
    }
    return KeptImage(
        kind=kind,
        digest=f"sha256:{name}",
        tags=(f"fahr/x:{name}",),
        layers=tuple(Layer(digest=digest) for digest in layers),
        **(told | about),
    )


def use(days: float, *, finished: bool = True) -> Use:
    when = NOW - days * DAY
    return Use(job=f"job-{days}", experiment="/x", when=when, finished=finished)


def removed(images, **wanted) -> list[str]:
    chosen = choose(images, Wanted(**wanted), NOW)
    assert len(chosen.removed) + len(chosen.kept) == len(images)
    return [one.tags[0].rpartition(":")[2] for one in chosen.removed]


def test_what_nobody_used_for_a_month_goes():
    images = [image("code-1", age=40 * DAY), image("code-2", age=20 * DAY)]
    assert removed(images) == ["code-1"]
    assert removed(images, older_than=10 * DAY) == ["code-1", "code-2"]


def test_a_job_makes_an_image_young_again():
    used = image("code-1", age=90 * DAY, uses=(use(2), use(80)))
    assert removed([used]) == []
    assert removed([used], older_than=DAY) == ["code-1"]


def test_unused_means_by_no_recorded_job_and_spares_what_was_just_made():
    images = [
        image("code-1", age=2 * HOUR),
        image("code-2", age=90 * DAY, uses=(use(80),)),
        image("code-3", age=60.0),
    ]
    assert removed(images, unused=True) == ["code-1"]
    assert removed(images, unused=True, older_than=1.0) == ["code-1", "code-3"]


def test_an_unfinished_job_keeps_its_image_and_the_environment_below():
    needed = (use(90, finished=False),)
    images = [
        image("env-1", "a", "b", age=99 * DAY),
        image("code-1", "a", "b", "c", age=90 * DAY, uses=needed),
        image("code-2", "a", "b", "d", age=90 * DAY),
    ]
    for wanted in ({}, {"older_than": 1.0}, {"unused": True}, {"others": True, "older_than": 1.0}):
        assert removed(images, **wanted) == ["code-2"]
    kept = dict(choose(images, Wanted(), NOW).kept)
    assert kept[images[1]] == "job-90 needs it"
    assert kept[images[0]] == "fahr/x:code-1 is built on it"


def test_an_environment_goes_with_the_last_of_its_code():
    images = [image("env-1", "a", age=99 * DAY), image("code-1", "a", "b", age=90 * DAY)]
    assert removed(images) == ["code-1", "env-1"]


def test_what_another_machine_made_stays_unless_it_is_asked_for():
    theirs = image("code-1", age=None, repository="h/r", mine=False)
    assert removed([theirs], older_than=1.0) == []
    assert removed([theirs], others=True) == ["code-1"]


def test_what_somebody_else_tagged_stays_in_a_registry():
    tagged = image("code-1", age=90 * DAY, repository="h/r", others=("latest",))
    (kept,) = choose([tagged], Wanted(), NOW).kept
    assert kept[1] == "it is tagged latest too"


@pytest.mark.parametrize(
    ("name", "is_ours"),
    [
        (f"fahr/env:{HASH}", True),
        (f"fahr/digits:code-{HASH}", True),
        (f"localhost:5000/team/digits:env-{HASH}", True),
        (f"env-{HASH}", True),
        (f"mine:{HASH}", False),
        ("fahr/env:latest", False),
        (f"code-{HASH}0", False),
        ("team/digits:code-1", False),
    ],
)
def test_fahrs_names_are_known(name, is_ours):
    assert is_fahrs_tag(name) is is_ours
