from __future__ import annotations

from urllib.parse import unquote

from fahr_gcp.links import console_link, log_link


def test_the_console_shows_a_job() -> None:
    assert console_link("p-1", "us-central1", "42") == (
        "https://console.cloud.google.com/agent-platform/locations/us-central1/training/42?project=p-1"
    )


def test_the_logs_explorer_asks_for_the_job_alone() -> None:
    address, _, project = log_link("p-1", "42").rpartition("?")
    _, _, query = address.partition(";query=")
    assert "/" not in query
    assert unquote(query) == 'resource.type="ml_job"\nresource.labels.job_id="42"'
    assert project == "project=p-1"
