from __future__ import annotations

import json
from datetime import datetime

import pytest

from fahr_core.cli.shown import ended_line, job_json, moment, running_time, state_line
from fahr_core.models import State
from tests.cli.records import record

PROMISED = {
    "name", "remote_name", "driver", "state", "reason", "attempt", "experiment", "params",
    "created", "started", "ended", "link",
}  # fmt: skip


def test_times_are_iso_8601_in_utc() -> None:
    assert moment(None) is None
    assert moment(0.0) == "1970-01-01T00:00:00.000+00:00"
    told = moment(1234567890.5)
    assert told
    assert datetime.fromisoformat(told).timestamp() == 1234567890.5


def test_the_document_of_a_job() -> None:
    job = record(state=State.FAILED, reason="why", params={"lr": 0.1}, started=5.0, ended=7.0)
    document = json.loads(json.dumps(job_json(job)))
    assert document.keys() >= PROMISED
    assert (document["state"], document["reason"], document["params"]) == (
        "failed",
        "why",
        {"lr": 0.1},
    )
    assert document["ended"] == "1970-01-01T00:00:07.000+00:00"
    assert not {"owner", "ref", "content_digest"} & document.keys()


@pytest.mark.parametrize(
    ("about", "line"),
    [
        ({"state": State.SUBMITTED}, "submitted"),
        ({"state": State.RUNNING, "started": 0.0}, "running"),
        ({"state": State.COMPLETE, "started": 5.0, "ended": 725.0}, "complete 12 min"),
        ({"state": State.FAILED, "started": 5.0, "ended": 125.0}, "failed after 2 min"),
        ({"state": State.FAILED}, "failed"),
        ({"state": State.STOPPED, "started": 5.0, "ended": 4.0}, "stopped after 0.0 s"),
    ],
)
def test_the_state_with_its_time(about: dict[str, object], line: str) -> None:
    told = state_line(record(**about))
    assert told == line or told.startswith(f"{line} ")
    assert (running_time(record(**about)) == "") is ("started" not in about)


def test_how_a_job_ended() -> None:
    times = {"started": 5.0, "ended": 545.0}
    complete = record(state=State.COMPLETE, **times)
    assert ended_line(complete) == "digits-train-4 complete, 9 min; fahr fetch digits-train-4"
    stopped = record(state=State.STOPPED, **times)
    assert ended_line(stopped) == "digits-train-4 stopped after 9 min; fahr fetch digits-train-4"
    failed = record(state=State.FAILED, reason="KeyError: 'label'\nmore", **times)
    assert ended_line(failed) == "digits-train-4 failed after 9 min: KeyError: 'label'"
    assert ended_line(record(state=State.FAILED)) == "digits-train-4 failed: no reason is known"
