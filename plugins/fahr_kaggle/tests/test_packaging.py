"""What installing the driver brings along."""

from __future__ import annotations

from tests.clouds.brought import brought_by


def test_it_brings_kaggles_sdk_and_nothing_of_other_clouds():
    brought = brought_by("fahr-kaggle")
    assert {"kagglesdk", "fahr-core", "requests"} <= brought
    foreign = {name for name in brought if name.startswith(("google-", "boto", "docker"))}
    assert foreign == set()
    assert "kaggle" not in brought
    assert "papermill" not in brought
