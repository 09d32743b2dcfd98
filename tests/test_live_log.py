from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from types import SimpleNamespace

import pytest

from fahr_core import live_log
from fahr_core.errors import AccessError, ServiceError
from fahr_core.live_log import Patience, followed, read_log
from fahr_core.models import LogLine

QUICK = Patience(state=0.0, quiet=0.0, drain=10.0)
BROKEN = ServiceError("the service does not answer")


@dataclass
class Script:
    """A log whose looks are written down: lines, or an error after some of them."""

    looks: list[list[str | Exception]]
    ends_at: int = 0  # the question for the state that finds the job ended
    ago: float = 0.0
    pace: float = 0.0
    takes: float = 0.0  # seconds that each look takes
    asked: int = 0
    looked: int = 0
    rewound: int = 0

    def lines(self):
        look = self.looks[self.looked] if self.looked < len(self.looks) else []
        self.looked += 1
        if self.takes:
            live_log.time.sleep(self.takes)
        for each in look:
            if isinstance(each, Exception):
                raise each
            yield LogLine(text=each)

    def tail(self, count: int) -> list[LogLine]:
        return [LogLine(text=f"one of the last {count}")]

    def rewind(self) -> None:
        self.rewound += 1

    def ended(self) -> float | None:
        self.asked += 1
        return self.ago if self.asked > self.ends_at else None


@pytest.fixture
def sleeping(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Let no time be waited for: the clock goes on by what would have been slept."""
    slept: list[float] = []
    clock = SimpleNamespace(sleep=slept.append, monotonic=lambda: sum(slept))
    monkeypatch.setattr(live_log, "time", clock)
    return slept


def texts(log: Script, patience: Patience = QUICK) -> list[str]:
    return [line.text for line in followed(log, patience)]


def test_lines_come_until_the_end(sleeping: list[float]) -> None:
    log = Script([["a"], [], ["b", "c"], ["d"]], ends_at=3, pace=2.0)
    assert texts(log) == ["a", "b", "c", "d"]
    assert sleeping == [2.0, 2.0, 2.0]


def test_a_late_line_makes_the_wait_begin_again(sleeping: list[float]) -> None:
    log = Script([["a"], [], ["late"], [], [], []], pace=1.0)
    assert texts(log, replace(QUICK, quiet=2.5)) == ["a", "late"]
    assert log.looked == 6


def test_a_look_that_takes_long_is_no_quiet(sleeping: list[float]) -> None:
    log = Script([[], ["late"]], takes=5.0)
    assert texts(log, replace(QUICK, quiet=3.0, drain=60.0)) == ["late"]


def test_the_wait_for_late_lines_is_bounded(sleeping: list[float]) -> None:
    log = Script([[str(number)] for number in range(99)], pace=1.0)
    assert len(texts(log, Patience(state=0.0, quiet=5.0, drain=10.0))) == 11


def test_a_job_that_ended_long_ago_is_looked_at_once(sleeping: list[float]) -> None:
    log = Script([["a"]], ago=60.0)
    assert texts(log, Patience()) == ["a"]
    assert (log.looked, sleeping) == (1, [])


def test_the_state_is_asked_for_now_and_then(sleeping: list[float]) -> None:
    log = Script([], ends_at=2, pace=1.0)
    texts(log, replace(QUICK, state=3.0))
    assert (log.asked, log.looked) == (3, 7)


def test_a_failure_between_two_lines_loses_nothing(sleeping: list[float]) -> None:
    log = Script([["a", BROKEN], [BROKEN], ["b"]], ends_at=0)
    assert texts(log) == ["a", "b"]
    assert log.rewound == 2
    assert sleeping == [1.0, 2.0]


def test_a_service_that_stays_away_is_given_up(sleeping: list[float]) -> None:
    log = Script([[BROKEN]] * 99)
    with pytest.raises(ServiceError, match="does not answer"):
        texts(log, Patience(state=0.0, pause=30.0, service=100.0))
    assert sleeping == [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0]


def test_a_missing_permission_is_said_at_once(sleeping: list[float]) -> None:
    with pytest.raises(AccessError):
        texts(Script([[AccessError("may not")]]))
    assert sleeping == []


def test_it_can_be_left_at_any_line(sleeping: list[float]) -> None:
    log = Script([["a", "b"]], ends_at=99)
    lines = followed(log, QUICK)
    assert [line.text for line in itertools.islice(lines, 1)] == ["a"]
    lines.close()  # type: ignore[attr-defined]
    assert sleeping == []


@pytest.mark.parametrize(
    ("follow", "last", "expected"),
    [
        (False, None, ["a"]),
        (False, 3, ["one of the last 3"]),
        (False, 0, ["one of the last 0"]),
        (True, None, ["a", "b"]),
        (True, 3, ["a", "b"]),
    ],
)
def test_a_log_is_read_as_it_is_asked_for(
    sleeping: list[float], follow: bool, last: int | None, expected: list[str]
) -> None:
    log = Script([["a"], ["b"]], ends_at=1)
    given = read_log(log, QUICK, follow=follow, last=last)
    assert [line.text for line in given] == expected
