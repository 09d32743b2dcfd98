import re
import subprocess
import sys

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fahr_core.errors import DriverError, UsageError
from fahr_core.models import NameRule
from fahr_core.names import (
    did_you_mean,
    given_name,
    job_name,
    job_stem,
    new_run_id,
    new_token,
    remote_name,
    shown,
)

ANY = st.text(st.characters(codec=None), max_size=400)
NASTY = ["", "é" * 300, "a\nb'\"c d", "..", "-", "日本語", "\ud800", "x" * 300, "A--B", "ﬁ"]
ALPHABETS = ["a-z0-9-", "a-zA-Z0-9-", "a-z0-9_", "A-Z0-9", "a-zA-Z0-9_.-", "0-9"]


@pytest.mark.parametrize(
    ("folder", "artifact", "stem"),
    [
        ("resnet48_128", "train", "resnet48-128-train"),
        ("Größe", "Modèle 2", "grosse-modele-2"),
        ("", "train", "train"),
        ("日本", "!", "job"),
        ("a\nb", "c'\"d", "a-b-c-d"),
    ],
)
def test_stem_is_plain(folder, artifact, stem):
    assert job_stem(folder, artifact) == stem


def test_a_job_is_its_stem_and_its_number():
    assert job_name("digits-train", 3) == "digits-train-3"


@given(ANY, ANY)
@example("é" * 300, "x\n" * 300)
def test_any_folder_and_artifact_give_a_stem(folder, artifact):
    stem = job_stem(folder, artifact)
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", stem)
    assert len(stem) <= 50


def test_long_stems_that_differ_in_the_middle_stay_apart():
    stems = {job_stem("a" * 100 + str(n) + "b" * 100, "train") for n in range(100)}
    assert len(stems) == 100
    assert all(stem.startswith("aaa") and stem.endswith("train") for stem in stems)


@st.composite
def rules(draw):
    limit = draw(st.integers(1, 80))
    return NameRule(
        limit=limit,
        minimum=draw(st.integers(1, limit)),
        alphabet=draw(st.sampled_from(ALPHABETS)),
        unique=draw(st.booleans()),
    )


@given(st.one_of(ANY, st.sampled_from(NASTY)), rules(), st.text("abcdefg234", max_size=8))
@example("digits-train-3", NameRule(limit=7), "abcdef")
@example("digits-train-3", NameRule(limit=8), "abcdef")
def test_any_name_fits_any_rule(name, rule, token):
    remote = remote_name(name, rule, token)
    assert rule.minimum <= len(remote) <= rule.limit
    assert re.fullmatch(f"[{rule.alphabet}]+", remote)
    assert remote.strip("-") == remote
    assert remote == remote_name(name, rule, token)


def test_a_short_name_is_kept_and_gets_the_token():
    assert remote_name("digits-train-3", NameRule(), "abc234") == "digits-train-3-abc234"
    assert remote_name("digits-train-3", NameRule(unique=False), "abc234") == "digits-train-3"
    assert remote_name("digits-train-3", NameRule(), "") == "digits-train-3"


def test_a_long_name_keeps_its_beginning_and_its_number():
    remote = remote_name("resnet48-128-" + "x" * 60 + "-train-17", NameRule(limit=40), "abc234")
    assert remote.startswith("resnet48-128")
    assert remote.endswith("-17-abc234")
    assert len(remote) <= 40


@given(st.lists(st.from_regex(r"[a-z0-9]+(-[a-z0-9]+)*", fullmatch=True), unique=True))
@example(["a-b", "ab", "a-b-c", "abc"])
def test_different_names_stay_different_without_a_token(names):
    for rule in (NameRule(limit=30, unique=False), NameRule(alphabet="a-z0-9", unique=False)):
        assert len({remote_name(name, rule, "") for name in names}) == len(names)


def test_a_rule_without_letters_is_the_drivers_fault():
    with pytest.raises(DriverError, match="no letter"):
        remote_name("digits-train-3", NameRule(alphabet="-"), "abc")


def test_a_given_name_is_kept_or_refused_with_a_better_one():
    assert given_name("train-0a1b2c") == "train-0a1b2c"
    with pytest.raises(UsageError) as refused:
        given_name("Train of\nthe 'day'")
    assert refused.value.hints == ("--name train-of-the-day",)
    assert "\n" not in refused.value.message


@given(ANY)
@example("")
@example("x" * 300)
def test_what_is_suggested_as_a_name_is_accepted(text):
    try:
        assert given_name(text) == text
    except UsageError as refused:
        for hint in refused.hints:
            assert given_name(hint.removeprefix("--name "))


def test_random_parts_differ():
    assert len({new_run_id() for _ in range(1000)}) == 1000
    assert re.fullmatch("[a-z2-7]{16}", new_run_id())
    assert re.fullmatch("[a-z2-7]{6}", new_token())


def test_did_you_mean_finds_the_near_word_only():
    assert did_you_mean("batch_sze", ["epochs", "batch_size"]) == "batch_size"
    assert did_you_mean("zzz", ["epochs", "batch_size"]) is None
    assert did_you_mean("x", []) is None


@given(ANY)
def test_a_shown_word_is_one_short_line(word):
    assert shown(word).isprintable()
    assert len(shown(word)) < 800


def test_importing_names_is_cheap():
    code = "import sys, fahr_core.names; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout
    assert not {"difflib", "msgspec", "pydantic", "random", "hashlib"} & set(loaded.split())
