"""The account's kernels as jobs: ``fahr ls --remote``."""

from __future__ import annotations

import time
from dataclasses import replace
from types import SimpleNamespace

import pytest
from tests.cli.calling import Call, call

from calls import KINDS, LIST
from fahr_core.models import State
from fahr_kaggle import listing, seen
from jobs import ended, experiment, request_of, sent, session

__all__ = ["call"]

STATUS = "GetKernelSessionStatus"


@pytest.fixture
def pushed(tmp_path, kaggle):
    """Give a function that pushes a script to a kernel of its own and waits for its end."""

    def push(name, text="print(1)", **order):
        place = experiment(tmp_path, {"train.py": text}, name)
        ref = sent(request_of(place, pairs=[f"slug={name}"], **order))
        kaggle.wait(f"anna/{name}")
        kaggle.kernels[f"anna/{name}"].unseen = 0
        return ref

    return push


def listed():
    with session().list_jobs({}) as jobs:
        return list(jobs)


def test_the_newest_run_is_first_and_each_has_its_state(kaggle, pushed):
    refs = [pushed("first"), pushed("second", "raise KeyError('x')", options={"gpu": "any"})]
    pushed("third")
    kaggle.kernels["anna/third"].versions[0].saved -= 3600
    found = listed()
    assert [one.name for one in found] == ["anna/second", "anna/first", "anna/third"]
    assert [one.state.state for one in found[:2]] == [State.FAILED, State.COMPLETE]
    assert [one.state.ref.id for one in found[:2]] == [refs[1].id, refs[0].id]
    assert [one.state.where for one in found[:2]] == ["GPU T4 x2", "CPU"]
    assert found[0].state.created == pytest.approx(kaggle.kernels["anna/second"].versions[0].saved)


def test_a_listed_job_is_the_one_that_its_name_finds(kaggle, pushed):
    pushed("first")
    (one,) = listed()
    ref = session().find_job(one.name, {}).ref
    assert (ref.id, ended(ref).state) == (one.state.ref.id, one.state.state)


def test_what_has_ended_is_asked_for_once(kaggle, pushed):
    pushed("first")
    assert listed() == listed()
    assert len(kaggle.calls_of(STATUS)) == 1
    kaggle.kernels.delete(kaggle.kernels["anna/first"])
    pushed("first", "raise KeyError('x')")
    assert [one.state.state for one in listed()] == [State.FAILED]


def test_a_kernel_that_was_not_run_is_no_job_for_long(kaggle, pushed):
    pushed("first")
    kernel = kaggle.kernels["anna/first"]
    kernel.unseen, kernel.seen_at = 99, float("inf")
    assert [one.state.state for one in listed()] == [State.SUBMITTED]
    kernel.versions[0].saved -= 3600
    assert listed() == []


def test_numbers_that_the_list_leaves_out_are_asked_for(kaggle, pushed):
    ref = pushed("first")
    kaggle.lists_numbers = False
    assert [one.state.ref.id for one in listed()] == [ref.id]


def test_no_more_is_asked_than_is_read(kaggle, pushed, monkeypatch):
    monkeypatch.setattr(listing, "_TOGETHER", 1)
    for name in ("first", "second", "third"):
        pushed(name)
    with session().list_jobs({}) as jobs:
        assert next(jobs).name == "anna/third"
    assert len(kaggle.calls_of(STATUS)) == 1


def test_many_questions_take_their_time(kaggle, pushed, monkeypatch):
    pauses = []
    monkeypatch.setattr(listing, "_TOGETHER", 2)
    monkeypatch.setattr(listing, "_FREE", 2)
    clock = SimpleNamespace(time=time.time, sleep=pauses.append)
    monkeypatch.setattr(listing, "time", clock)
    for number in range(5):
        pushed(f"kernel-{number}")
    assert len(listed()) == 5
    assert pauses == [2 * listing._PACE, listing._PACE]
    listed()
    assert len(pauses) == 2


def test_the_pages_of_a_list(kaggle, pushed, monkeypatch):
    from fahr_kaggle import client

    monkeypatch.setattr(client, "LIST_SIZE", 2)
    for number in range(5):
        pushed(f"kernel-{number}")
    assert [one.name for one in listed()] == [f"anna/kernel-{n}" for n in (4, 3, 2, 1, 0)]
    assert len(kaggle.calls_of("ListKernels")) == 3


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", LIST)
def test_a_call_that_goes_wrong_is_made_again(kaggle, pushed, impatient, name, kind):
    pushed("first")
    kaggle.faults.add(name, kind, seconds=0.2)
    assert [one.state.state for one in listed()] == [State.COMPLETE]
    assert kaggle.faults.left == 0


def test_the_list_as_a_person_sees_it(kaggle, pushed, call: Call):
    pushed("first")
    pushed("second", "raise KeyError('x')")
    done = call("ls", "--remote", "--train-driver=kaggle")
    assert done.status == 0
    assert [row[:3] for row in done.rows] == [
        ["anna/second", "failed", "kaggle"],
        ["anna/first", "complete", "kaggle"],
    ]
    done = call("ls", "--remote", "--train-driver=kaggle", "--state=failed", "--json")
    assert [one["name"] for one in done.document] == ["anna/second"]


def test_a_note_of_another_kernel_is_not_taken(kaggle, pushed):
    pushed("first")
    (one,) = listed()
    assert seen.recall(replace(one.state.ref, data={"asked": None, "kernel": 0}), 1) is None
