import ast
import json
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from fahr_core.settings.text import literal, read_text, unquoted

PLAIN = st.text(alphabet="abcXYZ019_-./: ", min_size=1).filter(lambda text: text.strip())
ITEMS = st.lists(st.text(alphabet="abcXYZ019_-./", min_size=1), max_size=5)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("text", "plain"),
    [("'X'", "X"), ('"X"', "X"), ("''X''", "'X'"), ("'X", "'X"), ("'X\"", "'X\""), ("'", "'")],
)
def test_one_pair_of_quotes_around_the_whole_is_stripped(text, plain):
    assert unquoted(text) == plain


@given(st.text())
def test_a_quoted_text_is_the_text(text):
    assert unquoted(f"'{text}'") == text == unquoted(f'"{text}"')


@pytest.mark.parametrize("text", ["true", "True", "YES", "on", "1", "'true'", '"1"'])
def test_yes_in_all_its_words(text):
    assert read_text(text, bool) is True


@pytest.mark.parametrize("text", ["false", "FALSE", "no", "off", "0"])
def test_no_in_all_its_words(text):
    assert read_text(text, bool | None) is False


def test_a_word_that_is_neither_is_left_for_the_model_to_refuse():
    assert read_text("maybe", bool) == "maybe"


@pytest.mark.parametrize("text", ["none", "None", "null", ""])
def test_nothing_where_nothing_is_allowed(text):
    assert read_text(text, str | None) is None
    assert read_text(text, str) == text


def test_a_text_stays_a_text_whatever_it_looks_like():
    for text in ("12", "true", "[1, 2]", "{}", "2024-01-01"):
        assert read_text(text, str) == text


def test_a_choice_is_a_text():
    assert read_text("'python'", Literal["auto", "python"]) == "python"


@pytest.mark.parametrize(
    "text",
    [
        '["a/b", "c/d"]',
        "['a/b', 'c/d']",
        "('a/b', 'c/d')",
        "a/b,c/d",
        "a/b, c/d",
        '"a/b","c/d"',
        "'a/b','c/d'",
        "'a/b,c/d'",
        '\'["a/b", "c/d"]\'',
        "[a/b, c/d]",
        "[a/b,c/d]",
        '["a/b", "c/d",]',
    ],
)
def test_a_list_in_all_its_notations(text):
    assert read_text(text, list[str]) == ["a/b", "c/d"]
    assert read_text(text, Annotated[list[str] | None, "with a note"]) == ["a/b", "c/d"]


@pytest.mark.parametrize("text", ["", "[]", " ", "()", ","])
def test_an_empty_list(text):
    assert read_text(text, list[str]) == []


@given(ITEMS)
def test_any_list_means_the_same_as_json_as_python_and_by_commas(items):
    for text in (json.dumps(items), repr(items), ",".join(items), ", ".join(items)):
        assert read_text(text, list[str]) == items


@given(st.lists(st.text(), max_size=4))
def test_json_may_hold_any_text(items):
    assert read_text(json.dumps(items), list[str]) == items
    assert read_text(f"'{json.dumps(items)}'", list[str]) == items


def test_a_table_is_json_python_or_toml():
    for text in ('{"A": "1"}', "{'A': '1'}", '{A = "1"}'):
        assert read_text(text, dict[str, str]) == {"A": "1"}


def test_numbers_are_left_to_the_model():
    class Model(BaseModel):
        many: int
        share: Annotated[float, Field(gt=0)]

    values = {"many": read_text("12", int), "share": read_text("0.5", float)}
    assert Model.model_validate(values).model_dump() == {"many": 12, "share": 0.5}


@given(JSON)
def test_json_is_read_as_what_it_is(value):
    assert literal(json.dumps(value)) == value


@given(JSON)
def test_python_is_read_as_what_it_is(value):
    assert literal(repr(value)) == value


@given(PLAIN)
def test_a_text_without_a_meaning_is_itself_and_never_an_error(text):
    value = literal(text)
    assert value == text or value == means(text)


def means(text):
    try:
        return json.loads(text)
    except ValueError:
        try:
            return ast.literal_eval(text.strip())
        except (ValueError, SyntaxError):
            return None


@given(st.text())
def test_reading_never_fails_and_gives_what_json_can_hold(text):
    kinds = (str, bool, int | None, list[str], dict[str, Any], set[int])
    written = json.dumps([literal(text), *(read_text(text, wanted) for wanted in kinds)])
    assert json.dumps(json.loads(written)) == written


@pytest.mark.parametrize(
    "text",
    [
        "1 # x",
        "1\nother = 2",
        '"a" # b',
        "1], [2",
        "2024-01-01",
        "12:30:00",
        "{1, 2}",
        "b'x'",
        "1j",
        "{1: 2}",
        "print()",
        "[" * 5000,
    ],
)
def test_what_only_looks_like_a_value_stays_text(text):
    assert literal(text) == text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.01", 0.01),
        ("1e-3", 0.001),
        ("True", True),
        ("None", None),
        ("1_000", 1000),
        ("(1, 2)", [1, 2]),
        ("512,256", [512, 256]),
        ("1,", [1]),
        ("a,b", "a,b"),
        ("'a'", "a"),
    ],
)
def test_a_value_has_its_type(text, value):
    assert literal(text) == value
    assert type(literal(text)) is type(value)
