"""What goes wrong on demand, and Cloud Logging with its delays."""

from __future__ import annotations

import time

import pytest
from tests.clouds.gcp import Fault

CREATE = "aiplatform:customJobs.create"


@pytest.fixture
def create(held, call, parent):
    """Give a function that asks for a job."""
    return lambda name="exp-1": call("POST", f"{parent}/customJobs", json=held(name))


def test_a_lost_answer_has_taken_effect(gcp, create):
    gcp.faults.add(CREATE, Fault.LOST)
    with pytest.raises(OSError, match=r"reset|closed|aborted"):
        create()
    assert len(gcp.jobs) == 1


@pytest.mark.parametrize("fault", [Fault.RESET, Fault.TIMEOUT])
def test_a_call_that_is_cut_off_has_not(gcp, create, fault):
    gcp.faults.add(CREATE, fault, seconds=0.1)
    with pytest.raises(OSError, match=r"reset|closed|aborted"):
        create()
    assert len(gcp.jobs) == 0


@pytest.mark.parametrize(
    ("fault", "code", "status"),
    [
        (Fault.ERROR, 500, "INTERNAL"),
        (Fault.UNAVAILABLE, 503, "UNAVAILABLE"),
        (Fault.THROTTLE, 429, "RESOURCE_EXHAUSTED"),
    ],
)
def test_a_service_that_fails_says_so_once(gcp, create, fault, code, status):
    gcp.faults.add(CREATE, fault)
    error = create().json()["error"]
    assert (error["code"], error["status"]) == (code, status)
    assert create().status_code == 200
    assert len(gcp.jobs) == 1


def test_half_an_answer_arrives(gcp, create):
    gcp.faults.add(CREATE, Fault.BROKEN)
    with pytest.raises(OSError, match=r"IncompleteRead|Expecting"):
        create().json()
    assert len(gcp.jobs) == 1


def test_faults_strike_the_calls_that_a_pattern_names(gcp, create, call, parent):
    gcp.faults.add("aiplatform:*", Fault.ERROR, skip=1)
    assert create().status_code == 200
    assert call("GET", f"{parent}/customJobs").status_code == 500
    assert [name for name, _ in gcp.faults.struck] == ["aiplatform:customJobs.list"]


# -- Cloud Logging ------------------------------------------------------------------------


@pytest.fixture
def write(gcp):
    """Give a function that writes lines of a job's, at a time."""

    def written(*texts, when=None, severity="INFO"):
        for text in texts:
            gcp.logs.write(
                {
                    "logName": f"projects/{gcp.project}/logs/workerpool0-0",
                    "resource": {"type": "ml_job", "labels": {"job_id": "7"}},
                    "severity": severity,
                    "jsonPayload": {"message": text},
                },
                when or time.time(),
            )

    return written


@pytest.fixture
def read(gcp, call):
    """Give a function that asks for entries."""

    def asked(filter_='resource.type="ml_job" AND resource.labels.job_id="7"', **more):
        body = {"resourceNames": [f"projects/{gcp.project}"], "filter": filter_, **more}
        return call("POST", "v2/entries:list", json=body)

    return asked


def texts(answer):
    return [entry["jsonPayload"]["message"] for entry in answer.json().get("entries", [])]


def test_entries_come_page_by_page(write, read):
    write("a", "b", "c")
    first = read(pageSize=2)
    second = read(pageSize=2, pageToken=first.json()["nextPageToken"])
    assert [texts(first), texts(second)] == [["a", "b"], ["c"]]
    assert "nextPageToken" not in second.json()
    other = read('severity>="ERROR"', pageToken=first.json()["nextPageToken"])
    assert other.status_code == 400


def test_a_page_may_hold_nothing_and_not_be_the_last(gcp, write, read):
    gcp.logs.empty_pages = True
    write("a")
    first = read()
    assert texts(first) == []
    assert texts(read(pageToken=first.json()["nextPageToken"])) == ["a"]


@pytest.mark.parametrize(
    ("filter_", "found"),
    [
        ("", ["a", "b"]),
        ("severity=ERROR", ["b"]),
        ("severity>=INFO", ["a", "b"]),
        ('resource.labels.job_id="8"', []),
        ('jsonPayload.message:"A" OR severity=ERROR', ["a", "b"]),
        ('NOT severity=ERROR AND timestamp>="2020-01-01T00:00:00Z"', ["a"]),
        ('timestamp<"2020-01-01T00:00:00.123456789Z"', []),
        ('logName="projects/fahr-tests/logs/workerpool0-0" severity=(INFO OR ERROR)', ["a", "b"]),
        ('jsonPayload.message=~"^[bc]$"', ["b"]),
    ],
)
def test_the_query_language(write, read, filter_, found):
    write("a")
    write("b", severity="ERROR")
    assert texts(read(filter_)) == found


def test_a_filter_that_cannot_be_read_is_refused(read):
    assert read("resource.type=").json()["error"]["status"] == "INVALID_ARGUMENT"


def test_entries_arrive_late_and_in_their_own_order(gcp, write, read, eventually):
    now = time.time()
    write("second", when=now)
    gcp.logs.delay = 0.5
    write("first", when=now - 1)
    assert texts(read()) == ["second"]
    eventually(lambda: texts(read()) == ["first", "second"])


def test_an_entry_may_be_there_twice_with_one_id(gcp, write, read):
    gcp.logs.twice = True
    write("a")
    first, second = read().json()["entries"]
    assert first["insertId"] == second["insertId"]


def test_reads_have_a_quota(gcp, read):
    gcp.logs.read_quota = 2
    assert [read().status_code for _ in range(3)] == [200, 200, 429]
    error = read().json()["error"]
    assert error["details"][0]["metadata"]["quota_limit"] == "ReadRequestsPerMinutePerProject"
    assert gcp.logs.most_reads == 2
