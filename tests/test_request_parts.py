from __future__ import annotations

from dataclasses import replace

import pytest

from fahr_core.errors import UsageError
from fahr_core.models import Code, Environment, Image, Input, Job
from fahr_core.request_parts import (
    check_gpu_image,
    content_of,
    image_by_digest,
    machine_count,
    merged,
    time_limit,
)

DIGEST = "sha256:" + "1" * 64
JOB = Job(
    name="digits-train-1",
    run_id="abcdefghijklmnop",
    remote_name="digits-train-1-abcdef",
    experiment="/nowhere/digits",
    artifact="train.py",
    kind="script",
    train_driver="somewhere",
    code=Code(digest="sha256:0", files=1, size=1),
    environment=Environment(created=1.0),
    settings={"region": "here", "machines": 1, "limit": 100},
)


def test_joining_changes_neither():
    one, other = {"a": {"b": 1}, "c": 1}, {"a": {"d": 2}, "c": [2]}
    assert merged(one, other) == {"a": {"b": 1, "d": 2}, "c": [2]}
    assert (one, other) == ({"a": {"b": 1}, "c": 1}, {"a": {"d": 2}, "c": [2]})


def test_nothing_takes_a_part_away_at_any_depth():
    assert merged({"a": {"b": 1, "c": 2}, "d": 3}, {"a": {"b": None}, "d": None}) == {"a": {"c": 2}}


@pytest.mark.parametrize(
    "other",
    [
        {"name": "other-1"},
        {"remote_name": "other"},
        {"run_id": "another"},
        {"experiment": "/elsewhere"},
        {"settings": {**JOB.settings, "region": "there"}},
        {"environment": Environment(created=2.0)},
        {"inputs": (Input(name="data", location="/here/data"),)},
    ],
)
def test_the_content_is_the_same_wherever_and_by_whatever_name(other):
    before = replace(JOB, inputs=(Input(name="data", location="/there/data"),))
    changed = replace(before, **other)
    leave = ("region",)
    assert content_of(before, {"store://x/": DIGEST}, leave=leave) == content_of(
        changed, {"store://x/": DIGEST}, leave=leave
    )


@pytest.mark.parametrize(
    "other",
    [
        {"params": {"epochs": 2}},
        {"code": Code(digest="sha256:1", files=1, size=1)},
        {"settings": {**JOB.settings, "limit": 101}},
        {"secrets": ("TOKEN",)},
        {"nodes": 2},
        {"inputs": (Input(name="data", location="store://bucket/data"),)},
    ],
)
def test_what_runs_differently_is_another_content(other):
    changed = replace(JOB, **other)
    assert content_of(JOB, {}, leave=("region",)) != content_of(changed, {}, leave=("region",))


def test_what_lies_there_is_content():
    assert content_of(JOB, {}) != content_of(JOB, {"store://x/": DIGEST})


@pytest.mark.parametrize(("timeout", "limit"), [(None, 100), (7200.0, 7200), (0.2, 1), (1.5, 2)])
def test_the_time_limit_is_in_whole_seconds(timeout, limit):
    assert time_limit(replace(JOB, timeout=timeout), "limit") == limit


@pytest.mark.parametrize(
    ("nodes", "machines", "count"), [(1, 1, 1), (1, 3, 3), (2, 1, 2), (2, 2, 2)]
)
def test_machines_are_counted_by_option_or_setting(nodes, machines, count):
    job = replace(JOB, nodes=nodes, settings={"machines": machines})
    assert machine_count(job, "machines") == count


def test_option_and_setting_must_not_differ():
    job = replace(JOB, nodes=2, settings={"machines": 3})
    with pytest.raises(UsageError, match="--nodes=2, but machines is 3"):
        machine_count(job, "machines")


@pytest.mark.parametrize(
    ("reference", "named"),
    [
        ("host:5000/fahr:tag", f"host:5000/fahr@{DIGEST}"),
        ("host:5000/fahr", f"host:5000/fahr@{DIGEST}"),
        ("host/fahr", f"host/fahr@{DIGEST}"),
        (f"host/fahr@{DIGEST}", f"host/fahr@{DIGEST}"),
    ],
)
def test_an_image_is_named_by_its_digest(reference, named):
    assert image_by_digest(Image(reference=reference, digest=DIGEST), "X") == named


@pytest.mark.parametrize(
    ("has_gpu", "gpu_image", "own"),
    [(True, True, None), (False, False, None), (True, False, "own:1"), (False, True, None)],
)
def test_machine_and_image_fit(has_gpu, gpu_image, own):
    job = replace(JOB, train_image=own)
    check_gpu_image(job, "large", has_gpu=has_gpu, gpu_image=gpu_image)


def test_a_machine_with_a_gpu_takes_an_image_for_one():
    job = replace(JOB, build_driver="local-cpu")
    with pytest.raises(UsageError, match="large has a GPU, and --build-driver=local-cpu") as told:
        check_gpu_image(job, "large", has_gpu=True, gpu_image=False)
    assert told.value.hints == ("fahr fit --build-driver=local-gpu",)


def test_an_image_that_is_not_built_keeps_its_tag():
    assert image_by_digest(Image(reference="host/fahr:tag"), "X") == "host/fahr:tag"
    with pytest.raises(UsageError, match="X runs images"):
        image_by_digest(None, "X")
