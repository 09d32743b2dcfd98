"""What of a live log was there already, when nobody wants to wait for more."""

from __future__ import annotations

import time
from itertools import count, islice
from types import SimpleNamespace

import pytest

from fahr_kaggle import replay
from fahr_kaggle.replay import LIVE_QUIET, until_now


@pytest.fixture
def clock(monkeypatch):
    """Have a clock that goes as a test says."""
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr(replay, "time", SimpleNamespace(monotonic=lambda: clock.now))
    return clock


def stream(clock, *parts):
    """Give events; a part is how many, the seconds between them when printed, and now."""
    printed = 0.0
    for number, pace, pause in parts:
        for _ in range(number) if number else count():
            clock.now += pause
            printed += pace
            yield {"time": printed, "data": "x"}


def test_a_job_that_always_prints_is_read_up_to_now(clock):
    """Ten minutes of a log come in two seconds; then what is printed comes as it is printed."""
    found = list(until_now(stream(clock, (6000, 0.1, 0.0003), (0, 0.1, 0.1))))
    assert 6000 <= len(found) <= 6000 + 4 * LIVE_QUIET / 0.1


def test_a_log_that_comes_slowly_comes_whole(clock):
    found = list(until_now(stream(clock, (600, 10.0, 0.5))))
    assert len(found) == 600


def test_a_slow_reader_misses_nothing(clock):
    found = 0
    for _ in until_now(stream(clock, (600, 0.1, 0.0))):
        clock.now += 10.0
        found += 1
    assert found == 600


def test_the_first_word_may_take_its_time(clock):
    found = list(until_now(stream(clock, (1, 5.0, 5.0), (600, 1.0, 0.01))))
    assert len(found) == 601


@pytest.mark.parametrize("event", ["text", {"data": "x"}, {"time": None}, {"time": "1"}])
def test_events_without_a_time_end_too(clock, event):
    def events():
        while True:
            clock.now += 0.5
            yield event

    assert len(list(islice(until_now(events()), 100))) < 10


def test_the_clock_is_not_the_events_own():
    begun = time.monotonic()
    assert list(until_now(iter([{"time": 0}, {"time": 1e6}]))) == [{"time": 0}, {"time": 1e6}]
    assert time.monotonic() - begun < 60
