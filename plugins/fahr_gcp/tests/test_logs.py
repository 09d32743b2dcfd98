from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from tests.clouds.faults import Fault
from tests.clouds.readers import Follower

from fahr_core.errors import AccessError, ServiceError
from fahr_gcp import client, logs
from fahr_gcp.logs import last_of_replicas, stream_logs
from placed_jobs import EPOCH, ID, cursor_parts, placed, printed, ref_of, service_says

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.clouds.gcp.cloud import Cloud

    from fahr_core.models import LogLine

ONE, TWO = "workerpool0-0", "workerpool0-1"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, seconds in {
        "_PACE": 0.05,
        "_PACE_OF_READ": 0.0,
        "_STATE_PACE": 0.05,
        "_QUIET": 0.5,
        "_QUOTA_PAUSE": 0.05,
    }.items():
        monkeypatch.setattr(logs, name, seconds)


def read(
    after: str | None = None, *, follow: bool = False, last: int | None = None
) -> list[LogLine]:
    return list(stream_logs(ref_of(), follow, after, last))


def texts(lines: list[LogLine]) -> list[str]:
    return [line.text for line in lines]


def test_replicas_are_put_together_by_time(gcp: Cloud) -> None:
    placed(gcp, replicas=2)
    printed(gcp, (1, "a"), (3, "c"), (3, "d"), (6, "g"))
    printed(gcp, (2, "b"), (4, "e"), (5, "f"), task=TWO)
    lines = read()
    assert texts(lines) == list("abcdefg")
    assert [line.source for line in lines[:2]] == [ONE, TWO]
    assert lines[0].time == EPOCH + 1


def test_one_replica_is_not_named_and_stderr_is_no_error(gcp: Cloud) -> None:
    placed(gcp)
    printed(gcp, (1, "a"))
    printed(gcp, (2, "a warning"), err=True)
    lines = [(line.text, line.source) for line in read()]
    assert lines == [("a", "stdout"), ("a warning", "stderr")]


def test_what_the_service_says_is_told_apart(gcp: Cloud) -> None:
    placed(gcp)
    service_says(gcp, "Job is preparing.")
    assert [(line.text, line.source) for line in read()] == [("Job is preparing.", "service")]


def test_another_jobs_lines_are_left_out(gcp: Cloud) -> None:
    placed(gcp)
    placed(gcp, number="77")
    printed(gcp, (1, "another's"), number="77")
    assert read() == []


def test_a_read_takes_a_thousand_entries(gcp: Cloud) -> None:
    placed(gcp)
    printed(gcp, *[(number / 100, f"{number}") for number in range(2500)])
    assert texts(read()) == [f"{number}" for number in range(2500)]
    assert len(gcp.called("logging:entries.list")) == 3
    assert {call.document["pageSize"] for call in gcp.called("logging:entries.list")} == {1000}


def test_a_page_that_is_empty_is_not_the_end_and_nothing_comes_twice(gcp: Cloud) -> None:
    gcp.logs.empty_pages = gcp.logs.twice = True
    placed(gcp)
    printed(gcp, *[(number // 3, f"{number}") for number in range(20)])
    assert texts(read()) == [f"{number}" for number in range(20)]
    assert texts(read(last=5)) == [f"{number}" for number in range(15, 20)]


@pytest.mark.parametrize("at", [0, 7, 19])
def test_a_reading_goes_on_after_a_cursor(gcp: Cloud, at: int) -> None:
    placed(gcp, replicas=2)
    printed(gcp, *[(number // 4, f"{number}") for number in range(20)])
    lines = read()
    assert texts(read(lines[at].cursor)) == texts(lines)[at + 1 :]


def test_the_last_lines_alone_take_one_read(gcp: Cloud) -> None:
    placed(gcp)
    printed(gcp, *[(number, f"{number}") for number in range(300)])
    last = read(last=3)
    assert texts(last) == ["297", "298", "299"]
    assert len(gcp.called("logging:entries.list")) == 1
    assert read(last[-1].cursor) == []
    printed(gcp, (300, "300"))
    assert texts(read(last[-1].cursor)) == ["300"]


def test_more_last_lines_than_there_are(gcp: Cloud) -> None:
    placed(gcp)
    printed(gcp, (1, "a"))
    assert texts(read(last=3)) == ["a"]
    assert read(last=0) == []


def test_the_last_lines_of_the_replica_that_failed(gcp: Cloud) -> None:
    placed(gcp, replicas=2)
    printed(gcp, (1, "fine"), (9, "still fine"))
    printed(gcp, (2, "b"), (3, "c"), task=TWO)
    service_says(gcp, "Job failed.")
    assert texts(last_of_replicas(ref_of(), {}, [TWO], 5)) == ["b", "c"]
    assert texts(last_of_replicas(ref_of(), {}, [], 2)) == ["c", "still fine"]


def test_an_unknown_job_has_no_log(gcp: Cloud) -> None:
    assert read() == []
    assert read(follow=True) == []


def test_a_cursor_is_small_and_plain(gcp: Cloud) -> None:
    placed(gcp)
    printed(gcp, *[(1, f"{number}") for number in range(500)])
    moment, _, received = cursor_parts(read()[-1].cursor)
    assert moment == (EPOCH + 1) * 1e9
    assert received > moment


def follower() -> Follower:
    """Follow the job's log in a thread."""
    return Follower(lambda: stream_logs(ref_of(), True, None))


class TestFollowing:
    def test_lines_come_while_the_job_runs_and_after_its_end(self, gcp: Cloud) -> None:
        job = placed(gcp, replicas=2)
        printed(gcp, (1, "first"))
        following = follower()
        following.wait_for("first")
        printed(gcp, (0, "of a machine that is late"), task=TWO)
        following.wait_for("of a machine that is late")
        job.enter("SUCCEEDED")
        printed(gcp, (2, "last"))
        assert following.ended() == ["first", "of a machine that is late", "last"]

    def test_lines_that_appear_late_are_waited_for(self, gcp: Cloud) -> None:
        gcp.logs.delay = 0.3
        job = placed(gcp)
        printed(gcp, (1, "a"))
        job.enter("SUCCEEDED")
        printed(gcp, (2, "b"))
        assert texts(read(follow=True)) == ["a", "b"]

    def test_a_job_that_ended_long_ago_is_not_waited_for(
        self, gcp: Cloud, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(logs, "_QUIET", 1000.0)
        job = placed(gcp, "PENDING", "RUNNING", "SUCCEEDED")
        job.ended = time.time() - 120
        printed(gcp, (1, "a"))
        assert texts(read(follow=True)) == ["a"]

    @pytest.mark.parametrize("state", ["EXPIRED", "CANCELLED", "FAILED", "PARTIALLY_SUCCEEDED"])
    def test_every_end_ends_it(self, gcp: Cloud, state: str) -> None:
        job = placed(gcp)
        if state == "PARTIALLY_SUCCEEDED":  # the test cloud ends no job so
            job.state, job.ended = state, time.time()
        else:
            job.enter(state)
        printed(gcp, (1, "a"))
        assert texts(read(follow=True)) == ["a"]

    @pytest.mark.parametrize("fault", [Fault.THROTTLE, Fault.ERROR, Fault.RESET, Fault.BROKEN])
    def test_a_service_that_fails_for_a_while_loses_nothing(
        self, gcp: Cloud, fault: Fault, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(client, "_LONGEST_PAUSE", 0.01)
        monkeypatch.setattr(logs, "_LONGEST_PAUSE", 0.05)
        job = placed(gcp)
        printed(gcp, *[(number // 3, f"{number}") for number in range(20)])
        following = follower()
        following.wait_for("19")
        gcp.faults.add("logging:*", fault, times=9)
        gcp.faults.add("aiplatform:customJobs.get", fault, times=2)
        printed(gcp, *[(number // 3, f"{number}") for number in range(20, 40)])
        following.wait_for("39")
        job.enter("SUCCEEDED")
        assert following.ended() == [f"{number}" for number in range(40)]

    def test_a_minutes_reads_that_are_used_up_are_waited_for(
        self, gcp: Cloud, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(client, "_LONGEST_PAUSE", 0.01)
        job = placed(gcp)
        printed(gcp, (1, "a"))
        following = follower()
        following.wait_for("a")
        gcp.logs.read_quota = 0
        printed(gcp, (2, "b"))
        refused = len(gcp.called("logging:entries.list")) + 8
        until = time.monotonic() + 60
        while len(gcp.called("logging:entries.list")) < refused:
            assert time.monotonic() < until
            time.sleep(0.01)
        job.enter("SUCCEEDED")
        gcp.logs.read_quota = float("inf")
        assert following.ended() == ["a", "b"]

    def test_a_service_that_stays_away_is_given_up(
        self, gcp: Cloud, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(client, "_LONGEST_PAUSE", 0.01)
        monkeypatch.setattr(logs, "_LONGEST_PAUSE", 0.01)
        monkeypatch.setattr(logs, "_PATIENCE", 0.05)
        placed(gcp)
        gcp.faults.add("logging:*", Fault.ERROR, times=float("inf"))
        with pytest.raises(ServiceError):
            read(follow=True)

    def test_a_missing_permission_is_said_at_once(self, gcp: Cloud) -> None:
        placed(gcp)
        gcp.deny("logging.logEntries.list")
        with pytest.raises(AccessError, match=r"logging\.logEntries\.list"):
            read(follow=True)

    def test_closing_early_ends_it(self, gcp: Cloud) -> None:
        placed(gcp)
        printed(gcp, (1, "a"))
        lines: Iterator[LogLine] = stream_logs(ref_of(), True, None)
        assert next(lines).text == "a"
        lines.close()  # type: ignore[attr-defined]


def test_following_stays_within_the_quota(gcp: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """At its own pace a follower takes twenty reads of a minute's sixty, of a quiet log."""
    monkeypatch.undo()
    log = logs._Log(ref_of(ID), {}, logs.Given())
    assert log.pace >= 3
    log._reads = 4  # a thousand entries each
    assert 60 / log.pace * 4 <= 45
