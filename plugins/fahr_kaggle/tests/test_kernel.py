"""Names of kernels."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fahr_core.models import JobRef
from fahr_kaggle.kernel import Kernel, located, parse_name, slug_for


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        ("train", "train"),
        ("nn", "nn-fahr"),
        ("My Model", "my-model"),
        ("resnet_48", "resnet-48"),
        ("Épöque", "epoque"),
    ],
)
def test_a_name_gives_its_slug(text, slug):
    assert slug_for(text) == slug


@given(st.text(min_size=1, max_size=200))
def test_every_name_gives_a_slug_that_kaggle_takes(text):
    slug = slug_for(text)
    assert re.fullmatch(r"[a-z0-9][a-z0-9-]*", slug)
    assert 5 <= len(slug) <= 50
    assert slug_for(text) == slug


def test_names_that_kaggle_cannot_write_stay_apart():
    assert slug_for("学習") != slug_for("評価")
    assert slug_for("a" * 60 + "b") != slug_for("a" * 60 + "c")


@pytest.mark.parametrize(
    ("name", "parsed"),
    [
        ("anna/train", ("anna", "train", None)),
        ("anna/train.py", ("anna", "train", None)),
        ("anna/train.ipynb", ("anna", "train", None)),
        ("anna/nn", ("anna", "nn-fahr", None)),
        ("anna/train/4", ("anna", "train", 4)),
        ("anna/train/v4", ("anna", "train", 4)),
        ("train", (None, "train", None)),
        ("a/b/c/d", None),
        ("an na/train", None),
        ("", None),
    ],
)
def test_a_job_is_named_by_its_kernel(name, parsed):
    assert parse_name(name) == parsed


def test_a_reference_leads_to_a_version():
    assert located(JobRef(driver="kaggle", id="anna/train/4")) == (Kernel("anna", "train"), 4)
    assert located(JobRef(driver="kaggle", id="anna/train/4-never-was")) is None
