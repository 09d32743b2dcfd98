from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from fahr_core import paths

if TYPE_CHECKING:
    from pathlib import Path

PLACES = [paths.ledger_file, paths.store_folder, paths.cache_folder]


def test_fahr_home_moves_all_of_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FAHR_HOME", str(tmp_path / "new"))
    assert paths.home_folder() == tmp_path / "new"
    assert [place().relative_to(tmp_path / "new").as_posix() for place in PLACES] == [
        "ledger.sqlite3",
        "store",
        "cache",
    ]
    assert not (tmp_path / "new").exists()  # nothing here makes a folder


def test_fahr_home_may_be_relative_or_begin_with_a_tilde(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, own_home: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FAHR_HOME", "here")
    assert paths.home_folder() == tmp_path / "here"
    monkeypatch.setenv("FAHR_HOME", "~/there")
    assert paths.home_folder() == own_home / "there"


@pytest.mark.skipif(sys.platform != "linux", reason="the XDG folders are Linux's")
@pytest.mark.parametrize(
    ("variable", "default", "place"),
    [
        ("XDG_DATA_HOME", ".local/share/fahr", lambda: paths.home_folder()),
        ("XDG_CONFIG_HOME", ".config/fahr/config.toml", lambda: paths.user_settings_file()),
    ],
)
def test_the_users_folders(
    monkeypatch: pytest.MonkeyPatch, own_home: Path, variable: str, default: str, place: object
) -> None:
    assert callable(place)
    monkeypatch.delenv("FAHR_HOME")
    assert place() == own_home / default
    for ignored in ("", "  ", "relative/folder"):
        monkeypatch.setenv(variable, ignored)
        assert place() == own_home / default
    monkeypatch.setenv(variable, "/elsewhere")
    assert place().is_relative_to("/elsewhere/fahr")


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere it is platformdirs itself")
def test_the_folders_are_those_of_platformdirs(monkeypatch: pytest.MonkeyPatch) -> None:
    import platformdirs

    monkeypatch.delenv("FAHR_HOME")
    assert str(paths.home_folder()) == platformdirs.user_data_dir("fahr")
    assert str(paths.user_settings_file().parent) == platformdirs.user_config_dir("fahr")
