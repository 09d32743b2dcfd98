from __future__ import annotations

from fahr_gcp.links import bucket_link, console_link


def test_the_console_shows_a_job() -> None:
    assert console_link("p-1", "us-central1", "42") == (
        "https://console.cloud.google.com/agent-platform/locations/us-central1/training/42?project=p-1"
    )


def test_the_console_shows_a_jobs_output() -> None:
    assert bucket_link("gs://models/x/digits-1", "p-1") == (
        "https://console.cloud.google.com/storage/browser/models/x/digits-1?project=p-1"
    )
