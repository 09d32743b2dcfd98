"""What installing the driver brings along."""

from __future__ import annotations

from tests.clouds.brought import brought_by


def test_it_brings_googles_credentials_and_nothing_of_other_clouds():
    brought = brought_by("fahr-gcp")
    assert {"fahr-core", "fahr-docker", "google-auth", "google-crc32c", "requests"} <= brought
    assert {name for name in brought if name.startswith("google-")} == {
        "google-auth",
        "google-crc32c",
    }
    assert {name for name in brought if name.startswith(("boto", "aws", "kaggle", "s3"))} == set()
    assert "papermill" not in brought
