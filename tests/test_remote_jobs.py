from __future__ import annotations

from typing import TYPE_CHECKING

from fahr_core.remote_jobs import find_remote, list_remote
from fahr_core.session import open_session
from tests.told_driver import Service, distributions, told

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

__all__ = ["distributions", "told"]


def test_what_the_folder_says_reaches_the_driver(
    told: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    told.jobs = 1
    list_remote(open_session("told"))
    assert told.settings == {"colour": "green"}
    (tmp_path / "fahr.toml").write_text('[told]\ncolour = "red"\n')
    list_remote(open_session("told"))
    assert told.settings == {"colour": "red"}
    monkeypatch.setenv("FAHR_TOLD__COLOUR", "blue")
    find_remote(open_session("told"), "me/kernel")
    assert told.settings == {"colour": "blue"}


def test_settings_that_are_wrong_hide_no_job(
    told: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "fahr.toml").write_text("[told]\ncolour = 3\n")
    assert find_remote(open_session("told"), "me/kernel").name == "me/kernel"
