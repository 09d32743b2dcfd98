from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.clouds.faults import Fault
from tests.clouds.readers import Follower

from fahr_core.errors import AccessError, FahrError, ServiceError
from fahr_sagemaker import logs, streams
from fahr_sagemaker.logs import stream_logs
from placed_jobs import EPOCH, NAME, placed, printed, ref_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.clouds.aws.cloud import Cloud

    from fahr_core.models import LogLine

ONE, TWO = f"{NAME}/algo-1-1700000000", f"{NAME}/algo-2-1700000001"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, seconds in {"_PACE": 0.05, "_STATE_PACE": 0.05, "_QUIET": 0.5}.items():
        monkeypatch.setattr(logs, name, seconds)


def read(
    after: str | None = None, *, follow: bool = False, last: int | None = None
) -> list[LogLine]:
    return list(stream_logs(ref_of(), follow, after, last))


def texts(lines: list[LogLine]) -> list[str]:
    return [line.text for line in lines]


def test_hosts_are_put_together_by_time(aws: Cloud) -> None:
    printed(aws, ONE, (1, "a"), (3, "c"), (3, "d"), (6, "g"))
    printed(aws, TWO, (2, "b"), (4, "e"), (5, "f"))
    lines = read()
    assert texts(lines) == list("abcdefg")
    assert [line.source for line in lines[:2]] == ["algo-1", "algo-2"]
    assert lines[0].time == (EPOCH + 1) / 1000


def test_one_host_is_not_named(aws: Cloud) -> None:
    printed(aws, ONE, (1, "a"))
    printed(aws, f"{NAME}/algo-1-1700000900", (2, "after a restart"))
    assert [(line.text, line.source) for line in read()] == [
        ("a", "stdout"),
        ("after a restart", "stdout"),
    ]


def test_many_lines_come_each_once(aws: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "_PAGE", 70)
    printed(aws, ONE, *[(n // 10, f"one {n}") for n in range(500)])
    printed(aws, TWO, *[(n // 10, f"two {n}") for n in range(300)])
    got = texts(read())
    assert [text for text in got if text.startswith("one")] == [f"one {n}" for n in range(500)]
    assert [text for text in got if text.startswith("two")] == [f"two {n}" for n in range(300)]


def test_another_job_of_a_longer_name_is_not_mixed_in(aws: Cloud) -> None:
    printed(aws, ONE, (1, "mine"))
    printed(aws, f"{NAME}-2/algo-1-1700000000", (1, "another's"))
    assert texts(read()) == ["mine"]


def test_no_log_yet_is_no_error(aws: Cloud) -> None:
    assert read() == []
    printed(aws, "another-job/algo-1-1", (1, "x"))
    assert read() == []


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_reading_goes_on_after_any_line(aws: Cloud, data: st.DataObject) -> None:
    aws.reset()
    hosts = data.draw(st.integers(1, 3))
    for host in range(1, hosts + 1):
        times = sorted(data.draw(st.lists(st.integers(0, 3), max_size=9)))
        lines = [(when, f"{host}:{n}") for n, when in enumerate(times)]
        printed(aws, f"{NAME}/algo-{host}-1", *lines)
    whole = read()
    for at, line in enumerate(whole):
        assert texts(read(line.cursor)) == texts(whole[at + 1 :])


def test_a_stream_that_appears_late_is_read_from_its_start(aws: Cloud) -> None:
    printed(aws, ONE, (1, "a"), (5, "e"))
    cursor = read()[-1].cursor
    printed(aws, TWO, (2, "b"))
    printed(aws, ONE, (5, "f"))
    assert texts(read(cursor)) == ["b", "f"]


def test_no_cursor_is_said() -> None:
    with pytest.raises(FahrError, match="no cursor"):
        read("nonsense")


class TestTail:
    def test_the_last_lines_of_all_hosts(self, aws: Cloud) -> None:
        printed(aws, ONE, *[(n * 2, f"one {n}") for n in range(50)])
        printed(aws, TWO, *[(n * 2 + 1, f"two {n}") for n in range(50)])
        assert texts(read(last=3)) == ["two 48", "one 49", "two 49"]
        assert texts(read(last=1000)) == texts(read())
        assert read(last=0) == []

    def test_reading_goes_on_after_them(self, aws: Cloud) -> None:
        printed(aws, ONE, *[(7, f"one {n}") for n in range(20)])  # all in one moment
        printed(aws, TWO, (1, "two"))
        cursor = read(last=2)[-1].cursor
        assert read(cursor) == []
        printed(aws, ONE, (7, "more"))
        printed(aws, TWO, (9, "and more"))
        assert texts(read(cursor)) == ["more", "and more"]

    def test_it_does_not_read_the_whole_log(self, aws: Cloud) -> None:
        printed(aws, ONE, *[(n, f"{n}") for n in range(20_000)])
        read(last=5)
        assert len(aws.called("logs:GetLogEvents")) <= 2


def follower() -> Follower:
    """Follow the job's log in a thread."""
    return Follower(lambda: stream_logs(ref_of(), True, None))


class TestFollowing:
    def test_lines_come_while_the_job_runs_and_after_its_end(self, aws: Cloud) -> None:
        job = placed(aws)
        printed(aws, ONE, (1, "first"))
        following = follower()
        following.wait_for("first")
        printed(aws, TWO, (0, "of a host that came late"))
        following.wait_for("of a host that came late")
        job.enter("Completed", status="Completed")
        printed(aws, ONE, (2, "last"))
        assert following.ended() == ["first", "of a host that came late", "last"]

    def test_a_job_that_ended_long_ago_is_not_waited_for(
        self, aws: Cloud, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(logs, "_QUIET", 1000.0)
        job = placed(aws, NAME, "Completed")
        job.ended = time.time() - 60
        printed(aws, ONE, (1, "a"))
        assert texts(read(follow=True)) == ["a"]

    def test_the_drain_is_bounded(self, aws: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(logs, "_QUIET", 1000.0)
        monkeypatch.setattr(logs, "_DRAIN", 2.0)
        placed(aws, NAME, "Completed")
        started = time.monotonic()
        assert read(follow=True) == []
        assert time.monotonic() - started < 30

    def test_a_spot_interruption_is_followed_through(self, aws: Cloud) -> None:
        job = placed(aws)
        printed(aws, ONE, (1, "before"))
        following = follower()
        following.wait_for("before")
        job.enter("Interrupted")
        printed(aws, f"{NAME}/algo-1-1700009999", (2, "after"))
        following.wait_for("after")
        job.enter("Completed", status="Completed")
        assert following.ended() == ["before", "after"]

    @pytest.mark.parametrize("fault", [Fault.THROTTLE, Fault.ERROR, Fault.RESET, Fault.BROKEN])
    def test_a_service_that_fails_for_a_while_loses_nothing(
        self, aws: Cloud, fault: Fault, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
        monkeypatch.setattr(logs, "_LONGEST_PAUSE", 0.05)
        job = placed(aws)
        printed(aws, ONE, *[(n // 3, f"{n}") for n in range(20)])
        following = follower()
        following.wait_for("19")
        aws.faults.add("logs:*", fault, times=5)
        aws.faults.add("sagemaker:DescribeTrainingJob", fault, times=2)
        printed(aws, ONE, *[(n // 3, f"{n}") for n in range(20, 40)])
        following.wait_for("39")
        job.enter("Completed", status="Completed")
        assert following.ended() == [f"{n}" for n in range(40)]

    def test_a_service_that_stays_away_is_given_up(
        self, aws: Cloud, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
        monkeypatch.setattr(logs, "_LONGEST_PAUSE", 0.01)
        monkeypatch.setattr(logs, "_PATIENCE", 0.05)
        placed(aws)
        aws.faults.add("logs:*", Fault.ERROR, times=float("inf"))
        with pytest.raises(ServiceError):
            read(follow=True)

    def test_a_missing_permission_is_said_at_once(self, aws: Cloud) -> None:
        placed(aws)
        aws.deny("logs:DescribeLogStreams")
        with pytest.raises(AccessError, match="logs:DescribeLogStreams"):
            read(follow=True)

    def test_an_unknown_job_ends_it(self, aws: Cloud) -> None:
        assert read(follow=True) == []

    def test_closing_early_ends_it(self, aws: Cloud) -> None:
        placed(aws)
        printed(aws, ONE, (1, "a"))
        lines: Iterator[LogLine] = stream_logs(ref_of(), True, None)
        assert next(lines).text == "a"
        lines.close()  # type: ignore[attr-defined]


def test_an_expired_token_is_replaced_by_the_time(
    aws: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    printed(aws, ONE, (1, "a"), (2, "b"), (2, "c"))
    stream = streams.Stream(ref_of(), ONE)
    for event in stream.events():
        stream.take(event)
    printed(aws, ONE, (2, "d"), (3, "e"))
    stream.token = "expired"
    assert [event.text for event in stream.events()] == ["d", "e"]


def test_a_cursor_is_small_and_plain(aws: Cloud) -> None:
    printed(aws, ONE, (1, "a"))
    assert json.loads(read()[-1].cursor or "") == {"algo-1-1700000000": [EPOCH + 1, 1]}
