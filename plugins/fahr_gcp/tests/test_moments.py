from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fahr_gcp.moments import nanoseconds, rfc3339, seconds


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("2026-05-04T12:00:00Z", 0),
        ("2026-05-04T12:00:00.5Z", 500_000_000),
        ("2026-05-04T12:00:00.123456789Z", 123_456_789),
        ("2026-05-04T14:00:00.000001+02:00", 1_000),
    ],
)
def test_every_digit_counts(text: str, rest: int) -> None:
    assert nanoseconds(text) == 1_777_896_000 * 1_000_000_000 + rest


@given(st.integers(min_value=0, max_value=4_000_000_000 * 1_000_000_000))
def test_a_time_is_the_same_after_a_turn(moment: int) -> None:
    assert nanoseconds(rfc3339(moment)) == moment


def test_no_time_is_none() -> None:
    assert seconds(None) is None
    assert seconds("") is None
    assert seconds("1970-01-01T00:00:01.5Z") == 1.5


@pytest.mark.parametrize("text", ["", "yesterday", "2026-05-04", "2026-05-04T12:00:00"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no time"):
        nanoseconds(text)
