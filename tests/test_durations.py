from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fahr_core.durations import age, duration, parse_duration, size
from fahr_core.errors import UsageError


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2h", 7200),
        ("90m", 5400),
        ("1h30m", 5400),
        ("45 s", 45),
        ("45", 45),
        ("0.5", 0.5),
        ("1.5 h", 5400),
        ("2 d", 172800),
        ("10min", 600),
        ("1H 30M", 5400),
        (" 7s ", 7),
    ],
)
def test_durations_as_people_write_them(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text", ["", " ", "0", "0h", "-1", "two hours", "2 weeks", "h", "1,5h", "1e3", "inf", "2h!"]
)
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(UsageError, match="is not a duration") as problem:
        parse_duration(text)
    assert f'"{text}"' in problem.value.message
    assert problem.value.hints


@given(st.integers(0, 30), st.integers(0, 59), st.integers(1, 59))
def test_parts_add_up(hours: int, minutes: int, seconds: int) -> None:
    total = hours * 3600 + minutes * 60 + seconds
    assert parse_duration(f"{hours}h{minutes}m{seconds}s") == total


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0.0 s"),
        (0.44, "0.4 s"),
        (12.3, "12 s"),
        (99, "99 s"),
        (100, "2 min"),
        (720, "12 min"),
        (3 * 3600, "3 h"),
        (47 * 3600, "47 h"),
        (48 * 3600, "2 d"),
    ],
)
def test_durations_as_people_read_them(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@given(st.floats(1, 1e8))
def test_a_told_duration_is_near(seconds: float) -> None:
    assert parse_duration(duration(seconds)) == pytest.approx(seconds, rel=0.3)


def test_age() -> None:
    assert age(None, 100.0) == ""
    assert age(40.0, 100.0) == "60 s"
    assert age(101.0, 100.0) == "0.0 s"  # a clock may be set back


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (312, "312 B"),
        (9000, "9 kB"),
        (91_400_000, "91.4 MB"),
        (1_200_000_000, "1.2 GB"),
        (3_000_000_000_000, "3.0 TB"),
        (5_000_000_000_000_000, "5000.0 TB"),
    ],
)
def test_sizes(count: int, text: str) -> None:
    assert size(count) == text


@given(st.integers(0, 10**15))
def test_a_told_size_is_near_and_short(count: int) -> None:
    number, unit = size(count).split()
    factor = {"B": 1, "kB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12}[unit]
    assert float(number) * factor == pytest.approx(count, rel=0.34)
    assert len(size(count)) <= 9
