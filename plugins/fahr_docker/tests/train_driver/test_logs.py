from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from fahr_docker.train_driver.logs import _cut, _line

PIECES = st.lists(st.binary(max_size=30).map(lambda data: data.replace(b"x", b"\n")), max_size=12)


@given(PIECES)
def test_lines_are_the_same_however_they_are_cut(pieces: list[bytes]) -> None:
    whole = b"".join(pieces)
    expected = whole.split(b"\n")
    assert list(_cut(pieces, whole=True)) == (expected if expected[-1] else expected[:-1])


@given(PIECES)
def test_an_unfinished_line_waits_for_its_end(pieces: list[bytes]) -> None:
    whole = b"".join(pieces)
    assert list(_cut(pieces, whole=False)) == whole.split(b"\n")[:-1]


def test_the_launchers_lines_have_time_and_source() -> None:
    raw = json.dumps({"time": 12.5, "source": "stderr", "text": "épöque"}).encode()
    line = _line(raw, "7")
    assert (line.text, line.time, line.source, line.cursor) == ("épöque", 12.5, "stderr", "7")


@given(st.binary(max_size=40))
def test_what_is_not_the_launchers_is_shown_as_it_is(raw: bytes) -> None:
    assert _line(raw, "1").text == raw.decode("utf-8", "replace").rstrip("\r")


def test_json_of_another_shape_is_a_line_too() -> None:
    for raw in (b"[1]", b"3", b'{"text": "x"}', b'{"text": 1, "time": null, "source": 2}', b"null"):
        assert _line(raw, "1").text == raw.decode()
