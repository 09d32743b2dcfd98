from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fahr_core.errors import FahrError
from fahr_gcp import entries
from fahr_gcp.entries import OVERLAP, Entry, Given, Position, entry_of, read_position

SECOND = 1_000_000_000


def told(**more: Any) -> dict[str, Any]:
    return {
        "insertId": "a1",
        "timestamp": "2026-05-04T12:00:00.25Z",
        "receiveTimestamp": "2026-05-04T12:00:01Z",
        "severity": "INFO",
        "resource": {"type": "ml_job", "labels": {"task_name": "workerpool0-0"}},
        **more,
    }


class TestReading:
    def test_an_entry_of_a_replica(self) -> None:
        entry = entry_of(told(textPayload="epoch 1\n"))
        assert entry.key == (1_777_896_000_250_000_000, "a1")
        assert entry.received - entry.time == 750_000_000
        assert (entry.task, entry.loud, entry.lines) == ("workerpool0-0", False, ["epoch 1"])

    def test_stderr_is_no_error(self) -> None:
        entry = entry_of(told(severity="ERROR", textPayload="a warning"))
        assert (entry.loud, entry.lines) == (True, ["a warning"])

    @pytest.mark.parametrize(
        ("payload", "text"),
        [
            ({"message": "hi\n", "levelname": "INFO", "attrs": {"tag": "x"}}, "hi\n"),
            ({"message": "hi", "created": 1.5, "lineno": 3, "pathname": "x.py"}, "hi"),
            ({"loss": 0.5, "levelname": "INFO", "attrs": {"tag": "x"}}, '{"loss": 0.5}'),
            ({"message": "é", "loss": 0.5}, '{"message": "é", "loss": 0.5}'),
            ({"message": {"deep": 1}}, '{"message": {"deep": 1}}'),
        ],
    )
    def test_a_line_of_json_stays_one(self, payload: dict[str, Any], text: str) -> None:
        assert entry_of(told(jsonPayload=payload)).text == text

    def test_several_lines_in_one_entry(self) -> None:
        assert entry_of(told(textPayload="a\r\n\nb\n")).lines == ["a", "", "b"]

    def test_an_entry_without_a_payload_is_an_empty_line(self) -> None:
        assert entry_of(told()).lines == [""]


def entry(time: float, name: str = "x", received: float | None = None) -> Entry:
    moment = int(time * SECOND)
    came = moment if received is None else int(received * SECOND)
    return Entry(time=moment, id=name, received=came, text=name)


def look(given: Given, there: list[Entry]) -> list[str]:
    """Read a log once, as Cloud Logging gives it: by time, from the floor on."""
    new = []
    floor = given.floor
    for one in sorted(there, key=lambda one: one.key):
        if (floor is None or one.time > floor) and given.is_new(one):
            given.take(one)
            new.append(one.text)
    given.forget()
    return new


class TestGiven:
    def test_an_entry_is_given_once(self) -> None:
        given, log = Given(), [entry(1, "a"), entry(2, "b")]
        assert look(given, log) == ["a", "b"]
        assert look(given, log) == []

    def test_one_that_comes_late_is_given_too(self) -> None:
        given, log = Given(), [entry(1, "a"), entry(9, "c")]
        look(given, log)
        assert look(given, [*log, entry(5, "late", 20)]) == ["late"]

    def test_entries_of_one_moment_are_told_apart(self) -> None:
        given, log = Given(), [entry(1, "m")]
        look(given, log)
        assert look(given, [*log, entry(1, "a"), entry(1, "z")]) == ["a", "z"]

    def test_what_lies_far_back_is_forgotten(self) -> None:
        given = Given()
        look(given, [entry(number, str(number)) for number in range(0, 600, 10)])
        assert given.floor == 590 * SECOND - OVERLAP
        assert len(given._seen) == 6

    def test_a_job_that_prints_much_is_not_read_again_and_again(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(entries, "_KEPT", 100)
        given, log = Given(), [entry(number / 100, str(number)) for number in range(1000)]
        look(given, log)
        assert given.floor is not None
        assert len([one for one in log if one.time > given.floor]) == 100
        assert look(given, [*log, entry(9.991, "late", 20)]) == ["late"]

    def test_many_of_one_moment_lose_none(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(entries, "_KEPT", 5)
        given, log = Given(), [entry(7, f"{number:03}") for number in range(50)]
        look(given, log)
        assert look(given, [*log, entry(7, "late"), entry(7, "000b")]) == ["000b", "late"]


class TestPosition:
    @pytest.mark.parametrize("at", range(4))
    def test_another_reading_goes_on_after_a_line(self, at: int) -> None:
        log = [entry(1, "a"), entry(2, "b"), entry(2, "c"), entry(200, "d")]
        first = Given()
        for one in log[: at + 1]:
            first.take(one)
        again = Given(read_position(str(first.position)))
        assert look(again, log) == ["a", "b", "c", "d"][at + 1 :]

    def test_what_came_late_since_is_given(self) -> None:
        first = Given()
        look(first, log := [entry(1, "a", 1), entry(9, "c", 10)])
        again = Given(read_position(str(first.position)))
        assert look(again, [*log, entry(5, "late", 12)]) == ["late"]
        assert look(again, [*log, entry(5, "late", 12)]) == []

    def test_what_was_passed_over_stays_so(self) -> None:
        again = Given(Position(9 * SECOND, "c", 10 * SECOND))
        assert look(again, [entry(5, "b", 9), entry(9, "c", 10)]) == []

    def test_without_the_time_of_coming_nothing_comes_twice(self) -> None:
        again = Given(Position(9 * SECOND, "c"))
        assert look(again, [entry(5, "b"), entry(9, "c"), entry(9, "d")]) == ["d"]

    @pytest.mark.parametrize("text", ["x", "{}", "[1]", '[1,2,"x"]', "[null,1,1]"])
    def test_a_foreign_cursor_is_refused(self, text: str) -> None:
        with pytest.raises(FahrError, match="no cursor"):
            read_position(text)

    def test_no_cursor_is_no_position(self) -> None:
        assert read_position(None) is None
        assert read_position("") is None


@settings(max_examples=150)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 50),  # seconds
            st.integers(0, 9),  # which look it appears at
        ),
        max_size=60,
    ),
    st.integers(0, 9),
)
def test_however_late_lines_come_each_comes_once(
    printed: list[tuple[int, int]], restart: int
) -> None:
    """Lines within the overlap, appearing at any look, also across another reading's start."""
    lines = [
        (entry(time, f"{number:03}", received=100 + at), at)
        for number, (time, at) in enumerate(printed)
    ]
    given, got = Given(), []
    for now in range(10):
        if now == restart and given.position:
            given = Given(read_position(str(given.position)))
        got += look(given, [one for one, at in lines if at <= now])
    assert sorted(got) == [one.text for one, _ in sorted(lines, key=lambda line: line[0].text)]
