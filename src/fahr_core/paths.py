"""Where fahr keeps things on this machine.

``FAHR_HOME`` moves all of it; else it is the platform's folder for a user's data.
Nothing here makes a folder: who writes, makes it.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

__all__ = ["cache_folder", "home_folder", "ledger_file", "store_folder", "user_settings_file"]


def home_folder() -> Path:
    """Give the folder that holds the ledger, the store and the local jobs."""
    if named := os.environ.get("FAHR_HOME"):
        return Path(named).expanduser().absolute()
    if sys.platform == "linux":
        return _xdg("XDG_DATA_HOME", ".local/share")
    import platformdirs

    return Path(platformdirs.user_data_dir("fahr", appauthor=False))


def user_settings_file() -> Path:
    """Give the user's settings file, ``~/.config/fahr/config.toml`` on Linux."""
    if sys.platform == "linux":
        return _xdg("XDG_CONFIG_HOME", ".config") / "config.toml"
    import platformdirs

    return Path(platformdirs.user_config_dir("fahr", appauthor=False)) / "config.toml"


def ledger_file() -> Path:
    """Give the file of the record of jobs."""
    return home_folder() / "ledger.sqlite3"


def store_folder() -> Path:
    """Give the folder of contents by digest."""
    return home_folder() / "store"


def cache_folder() -> Path:
    """Give the folder of what can be made again at any time."""
    return home_folder() / "cache"


def _xdg(variable: str, default: str) -> Path:
    """Do what platformdirs does on Linux, without its import (20 ms).

    Source: XDG Base Directory Specification; a relative path in a variable is ignored.
    """
    named = os.environ.get(variable, "").strip()
    return (Path(named) if named.startswith("/") else Path.home() / default) / "fahr"
