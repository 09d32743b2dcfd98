from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fahr_core.errors import DriverError
from fahr_core.marks import is_unedited, mark, unmark

texts = st.one_of(
    st.text(max_size=200),
    st.lists(st.sampled_from(["#!/bin/sh", "# syntax=docker/dockerfile:1", "echo", "", "# x"])).map(
        "\n".join
    ),
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
objects = st.dictionaries(st.text().filter(lambda key: key != "_fahr"), values, max_size=4)


def plain(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


@given(texts)
def test_a_marked_text_is_unedited_and_comes_back(text: str) -> None:
    marked = mark(text)
    assert is_unedited(marked)
    assert unmark(marked)[0].rstrip("\n") == plain(text).rstrip("\n")


@given(texts)
def test_line_endings_do_not_count(text: str) -> None:
    marked = mark(text)
    assert is_unedited(marked.replace("\n", "\r\n"))
    assert is_unedited(marked + "\n")


@given(texts, st.data())
def test_any_other_change_is_an_edit(text: str, data: st.DataObject) -> None:
    marked = mark(text)
    place = data.draw(st.integers(0, len(marked)))
    added = data.draw(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]))
    assert not is_unedited(marked[:place] + added + marked[place:])


@given(texts)
def test_what_fahr_did_not_write_is_not_unedited(text: str) -> None:
    assert not is_unedited(text)
    assert unmark(text) == (text, None)


@pytest.mark.parametrize(
    "first",
    ["#!/bin/bash", "# syntax=docker/dockerfile:1", "# escape=`", "# coding: utf-8"],
)
def test_lines_that_have_to_be_first_stay_first(first: str) -> None:
    lines = mark(f"{first}\nFROM x\n").split("\n")
    assert lines[0] == first
    assert lines[1].startswith("# written by fahr ")
    assert lines[2:] == ["FROM x", ""]


@given(objects)
def test_json(content: dict[str, object]) -> None:
    marked = mark(json.dumps(content), "json")
    assert is_unedited(marked, "json")
    assert {k: v for k, v in json.loads(marked).items() if k != "_fahr"} == content
    assert json.loads(unmark(marked, "json")[0]) == content
    again = json.dumps(dict(reversed(json.loads(marked).items())), indent=7)
    assert is_unedited(again.replace("\n", "\r\n"), "json")


@given(objects, st.text(), values)
def test_an_edit_of_json(content: dict[str, object], key: str, value: object) -> None:
    marked = json.loads(mark(json.dumps(content), "json"))
    edited = {**marked, key: value}
    same = json.dumps(edited, sort_keys=True) == json.dumps(marked, sort_keys=True)
    assert is_unedited(json.dumps(edited), "json") is same


@pytest.mark.parametrize("text", ["", "[]", "{", "3", '{"a": 1}', '{"_fahr": 3}', "[" * 100_000])
def test_json_of_somebody_else(text: str) -> None:
    assert not is_unedited(text, "json")


def test_readable_letters_stay_readable() -> None:
    assert "Größe" in mark('{"title": "Gr\\u00f6\\u00dfe"}', "json")


def test_a_driver_that_renders_no_object() -> None:
    with pytest.raises(DriverError):
        mark("[]", "json")


def test_without_a_mark_a_file_is_always_fahrs() -> None:
    assert mark("x\r\n", "none") == "x\r\n"
    assert unmark("x", "none") == ("x", None)
    assert is_unedited("anything", "none")
