from __future__ import annotations

import pytest

from fahr_gcp.failure_reason import Exit, _rank, parsed

ADVICE = (
    " \nTo find out more about why your job exited please check the logs: "
    "https://console.cloud.google.com/logs/viewer?project=1&resource=ml_job%2Fjob_id%2F2"
)
STATUS = "exited with a non-zero status of"


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (
            f"The replica workerpool0-0 {STATUS} 1.{ADVICE}",
            Exit(by_job=True, code=1, replicas=("workerpool0-0",)),
        ),
        (
            f"The replica workerpool1-1 {STATUS} 1. Termination reason: Error. \n"
            f"Traceback (most recent call last):\n  [...]\nKeyError: 'label'{ADVICE}",
            Exit(
                said="Traceback (most recent call last):\n  [...]\nKeyError: 'label'",
                by_job=True,
                code=1,
                replicas=("workerpool1-1",),
            ),
        ),
        (
            f"The replicas workerpool0-0, workerpool1-0 and workerpool1-1 {STATUS} 137.",
            Exit(
                by_job=True, code=137, replicas=("workerpool0-0", "workerpool1-0", "workerpool1-1")
            ),
        ),
        (
            f"The replica workerpool0-0 ran out-of-memory and {STATUS} 9(SIGKILL).",
            Exit(by_job=True, code=9, replicas=("workerpool0-0",)),
        ),
        (
            f"The replica workerpool0-0 {STATUS} 1. Termination reason: Error. "
            f"The replica workerpool1-0 {STATUS} 2. Termination reason: Error.",
            Exit(by_job=True, code=1, replicas=("workerpool0-0", "workerpool1-0")),
        ),
        (
            "Resources are insufficient in region: us-central1. Please try a different region.",
            Exit(
                said="Resources are insufficient in region: us-central1. "
                "Please try a different region."
            ),
        ),
        ("", Exit()),
    ],
)
def test_the_services_message_is_taken_apart(message: str, expected: Exit) -> None:
    assert parsed(message) == expected


@pytest.mark.parametrize(
    ("replica", "rank"),
    [("workerpool0-0", 0), ("workerpool1-0", 1), ("workerpool1-2", 3), ("service", 0)],
)
def test_a_replica_has_the_rank_that_it_has_in_the_job(replica: str, rank: int) -> None:
    assert _rank(replica) == rank
