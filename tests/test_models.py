from __future__ import annotations

import copy
import dataclasses
import json
import pickle
import string
from collections.abc import Mapping
from enum import Enum
from typing import Any, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fahr_core import models
from fahr_core.errors import FahrError
from fahr_core.models import (
    Capability,
    Image,
    Job,
    JobRef,
    JobState,
    Login,
    Request,
    State,
    TrainInfo,
    dumps,
    from_json,
    loads,
    to_json,
)

NAMED = {name: getattr(models, name) for name in models.__all__}
CLASSES = [
    value for value in NAMED.values() if isinstance(value, type) and dataclasses.is_dataclass(value)
]
WRITTEN = [kind for kind in CLASSES if kind is not Login]

# Lone surrogates too: that is how Python tells a file name that is no UTF-8.
texts = st.text(st.characters(codec=None), max_size=12)
numbers = st.floats(allow_nan=False, allow_infinity=False)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | numbers | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)


def values_of(annotation: Any) -> st.SearchStrategy[Any]:
    """Give values of what a field is annotated with."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if dataclasses.is_dataclass(annotation):
        hints = get_type_hints(annotation)
        fields = {
            field.name: values_of(hints[field.name]) for field in dataclasses.fields(annotation)
        }
        return st.builds(annotation, **fields)
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return st.sampled_from(annotation)
    if origin is tuple and inner[-1] is Ellipsis:
        return st.lists(values_of(inner[0]), max_size=3).map(tuple)
    if origin is tuple:
        return st.tuples(*map(values_of, inner))
    if origin is frozenset:
        return st.frozensets(values_of(inner[0]))
    if origin is Mapping:
        return st.dictionaries(values_of(inner[0]), values_of(inner[1]), max_size=3)
    if inner:  # a union
        return st.one_of([values_of(part) for part in inner])
    plain = {str: texts, int: st.integers(), float: numbers, bool: st.booleans(), Any: anything}
    return st.none() if annotation is type(None) else plain[annotation]


@pytest.mark.parametrize("kind", WRITTEN, ids=lambda kind: kind.__name__)
def test_a_turn_through_json_loses_nothing(kind: type) -> None:
    @settings(max_examples=15)
    @given(values_of(kind))
    def turned(value: object) -> None:
        text = dumps(value)
        again = loads(kind, text)
        assert again == value
        assert dumps(again) == text
        assert json.loads(text) == json.loads(json.dumps(to_json(value)))
        text.encode("ascii")  # what a ledger in UTF-8 can always hold

    turned()


def test_the_text_does_not_depend_on_an_order() -> None:
    one = JobRef(driver="a", id="1", data={"x": 1, "y": frozenset({"b", "a"})})
    other = JobRef(driver="a", id="1", data={"y": frozenset({"a", "b"}), "x": 1})
    assert dumps(one) == dumps(other) == '{"data":{"x":1,"y":["a","b"]},"driver":"a","id":"1"}'


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_values_are_frozen_and_take_no_other_attribute(kind: Any) -> None:
    assert kind.__dataclass_params__.frozen
    assert not hasattr(object.__new__(kind), "__dict__")
    assert kind is Login or all(field.kw_only for field in dataclasses.fields(kind))


def test_every_public_name_is_there_and_listed() -> None:
    assert models.__all__ == sorted(models.__all__, key=_in_the_order_of_ruff)
    defined = set()
    for module in ("codec", "drivers", "image", "job", "output", "request", "states"):
        public = __import__(f"fahr_core.models.{module}", fromlist=["x"])
        assert all(hasattr(public, name) for name in public.__all__)
        defined |= set(public.__all__)
    assert defined == set(models.__all__)
    with pytest.raises(AttributeError, match="no attribute 'Jobb'"):
        models.Jobb  # noqa: B018 - asking is the test


def _in_the_order_of_ruff(name: str) -> tuple[bool, str]:
    return name[0] in string.ascii_lowercase, name


def test_an_older_fahr_reads_what_a_newer_one_wrote() -> None:
    assert from_json(Image, {"reference": "x", "layers": 7}) == Image(reference="x")


@pytest.mark.parametrize(
    ("kind", "data", "told"),
    [
        (Image, {}, r"not a Image: .*`reference`"),
        (Image, {"reference": 7}, r"not a Image: .*reference"),
        (JobState, {"ref": {"driver": "a", "id": "b"}, "state": "gone"}, r"gone"),
        (Job, [], "not a Job"),
    ],
)
def test_data_that_do_not_fit_are_refused(kind: type, data: Any, told: str) -> None:
    with pytest.raises(FahrError, match=told):
        from_json(kind, data)


class TestLogin:
    login = Login("registry.example.org", "me", "s3cret")

    @pytest.mark.parametrize(
        "held",
        [lambda x: x, lambda x: [x], lambda x: {"a": (x,)}, lambda x: _request(body={"x": x})],
    )
    def test_is_never_json(self, held: Any) -> None:
        for write in (to_json, dumps):
            with pytest.raises(FahrError, match="is never written down"):
                write(held(self.login))

    def test_is_never_pickled_or_copied(self) -> None:
        for write in (pickle.dumps, copy.copy, copy.deepcopy):
            with pytest.raises(FahrError, match="never written down"):
                write(self.login)

    def test_is_never_shown(self) -> None:
        assert "s3cret" not in f"{self.login} {self.login!r} {[self.login]}"


def _request(**about: Any) -> Request:
    job = Job(
        name="a-1", run_id="r", remote_name="a-1-x", experiment="/a", artifact="train.py",
        kind="script", train_driver="local", code=models.Code(digest="sha256:0", files=1, size=1),
        environment=models.Environment(),
    )  # fmt: skip
    return Request(driver="local", name="a-1", remote_name="a-1-x", run_id="r", job=job, **about)


def test_only_three_states_are_final() -> None:
    assert [str(state) for state in State if state.final] == ["complete", "failed", "stopped"]


def test_words_are_plain_text() -> None:
    info = TrainInfo(title="a", settings="b:C", capabilities=frozenset({Capability.STOP}))
    assert f"{State.RUNNING} {Capability.LIVE_LOGS}" == "running live-logs"
    assert to_json(info)["capabilities"] == ["stop"]
