from __future__ import annotations

import pytest

from fahr_sagemaker.links import console_link, log_link
from fahr_sagemaker.telling import machine_line, notes_of
from made_jobs import request_of

GROUPS = {
    "InstanceType": None,
    "InstanceCount": None,
    "InstanceGroups": [
        {"InstanceGroupName": "a", "InstanceType": "ml.c5.xlarge", "InstanceCount": 2},
        {"InstanceGroupName": "b", "InstanceType": "ml.g5.xlarge", "InstanceCount": 1},
    ],
}


@pytest.mark.parametrize(
    ("settings", "changes", "told"),
    [
        ({}, {}, "1 x ml.m5.large, 24 h at most: price unknown"),
        ({"max_runtime": "2h"}, {"nodes": 2}, "2 x ml.m5.large, 2 h at most: price unknown"),
        ({"spot": True}, {"gpu": True}, "1 x ml.g4dn.xlarge (T4), spot, 24 h at most: price"),
        ({"request": {"StoppingCondition": None}}, {}, "1 x ml.m5.large, 24 h at most: price"),
        ({"request": {"ResourceConfig": None}}, {}, "machines as the request says, 24 h at most"),
        (
            {"request": {"ResourceConfig": GROUPS}},
            {},
            "2 x ml.c5.xlarge, 1 x ml.g5.xlarge (A10G), ",
        ),
    ],
)
def test_the_machine_and_its_time_limit_are_told(settings, changes, told):
    assert machine_line(request_of(settings, **changes).body).startswith(told)


def test_the_log_is_told():
    (log,) = notes_of(request_of())
    assert log.startswith("its log, once it runs: https://eu-west-1.console.aws.amazon.com/")
    assert "digits-train-1-abcdef" in log


@pytest.mark.parametrize(
    ("region", "partition", "host"),
    [
        ("eu-west-1", "aws", "eu-west-1.console.aws.amazon.com"),
        ("cn-north-1", "aws-cn", "console.amazonaws.cn"),
        ("us-gov-west-1", "aws-us-gov", "console.amazonaws-us-gov.com"),
    ],
)
def test_each_partition_has_a_console_of_its_own(region, partition, host):
    assert console_link(region, "job-1", partition) == (
        f"https://{host}/sagemaker/home?region={region}#/jobs/job-1"
    )
    assert log_link(region, "job-1", partition) == (
        f"https://{host}/cloudwatch/home?region={region}#logsV2:log-groups/log-group/"
        "$252Faws$252Fsagemaker$252FTrainingJobs$3FlogStreamNameFilter$3Djob-1$2F"
    )
