from __future__ import annotations

import pytest

from fahr_gcp.telling import machine_line, notes_of
from made_jobs import job_of, request_of

POOLS = [
    {"machineSpec": {"machineType": "e2-standard-8"}, "replicaCount": "2"},
    {"machineSpec": {"machineType": "n1-standard-4"}},
]
T4 = {"accelerator_type": "NVIDIA_TESLA_T4"}


@pytest.mark.parametrize(
    ("settings", "changes", "told"),
    [
        ({}, {}, "1 x n1-standard-4, 24 h at most: price unknown"),
        ({"timeout": "2h"}, {"nodes": 3}, "3 x n1-standard-4, 2 h at most: price unknown"),
        (
            {**T4, "strategy": "spot"},
            {"gpu": True},
            "1 x n1-standard-4 (T4), spot, 24 h at most: price unknown",
        ),
        (
            {**T4, "accelerator_count": 4},
            {"gpu": True, "timeout": 60.0},
            "1 x n1-standard-4 (4 x T4), 60 s",
        ),
        (
            {"request": {"jobSpec": {"workerPoolSpecs": POOLS}}},
            {},
            "2 x e2-standard-8, 1 x n1-standard-4, 24 h at most: price unknown",
        ),
    ],
)
def test_the_machine_and_its_time_limit_are_told(settings, changes, told):
    request = request_of(settings, **changes)
    assert machine_line(request.job, request.body).startswith(told)


def test_a_request_may_leave_the_machine_to_the_service():
    body = {"jobSpec": {"workerPoolSpecs": [{"replicaCount": "1"}]}}
    assert machine_line(job_of(), body).startswith("machines as the request says, 24 h at most")


def test_the_output_is_told_where_there_is_one():
    (output,) = notes_of(request_of())
    assert output.startswith("its output, once it runs: https://console.cloud.google.com/storage/")
    assert notes_of(request_of({"request": {"jobSpec": {"baseOutputDirectory": None}}})) == ()
