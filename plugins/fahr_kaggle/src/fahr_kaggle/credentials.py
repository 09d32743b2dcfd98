"""Credentials, looked for where the official client looks, in its order; none is kept.

Source: ``KaggleApi.authenticate`` of kaggle 2.2: an access token, then the old API key, then
the login of ``kaggle auth login``.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fahr_core.errors import AccessError

__all__ = ["Credentials", "find_credentials", "local_username"]

_SETTINGS_PAGE = "https://www.kaggle.com/settings"


@dataclass(frozen=True, slots=True)
class Credentials:
    """A token, or a user name and a key, or a login of OAuth; and where it was found."""

    source: str
    username: str | None = None
    token: str | None = field(default=None, repr=False)
    key: str | None = field(default=None, repr=False)
    oauth_file: str | None = None

    @property
    def renewal(self) -> str:
        """Say how to get new ones."""
        if self.oauth_file:
            return "kaggle auth login"
        return f"a new token: {_SETTINGS_PAGE}, then: fahr doctor"


def find_credentials() -> Credentials:
    """Give the first credentials that there are.

    Raises:
        AccessError: there are none.
    """
    found = _token() or _key() or _oauth()
    if found is None:
        raise AccessError(
            "no Kaggle credentials",
            f"create a token at {_SETTINGS_PAGE}, save it as",
            f"{_home_folder() / 'access_token'}, then: fahr doctor",
        )
    return found


def local_username() -> str | None:
    """Give the user name of the credentials here; None where only the service knows it."""
    try:
        return find_credentials().username
    except AccessError:
        return None


def _token() -> Credentials | None:
    value = os.environ.get("KAGGLE_API_TOKEN", "").strip()
    if value:
        told = _text(Path(value)) if _is_file(value) else value
        return Credentials("KAGGLE_API_TOKEN", token=told) if told else None
    for name in ("access_token", "access_token.txt"):
        path = _home_folder() / name
        if told := _text(path):
            return Credentials(str(path), token=told)
    return None


def _key() -> Credentials | None:
    path = _config_folder() / "kaggle.json"
    values = _object(path)
    source = str(path)
    for name, variable in (("username", "KAGGLE_USERNAME"), ("key", "KAGGLE_KEY")):
        if value := os.environ.get(variable):
            values[name], source = value, "KAGGLE_USERNAME and KAGGLE_KEY"
    username, key = values.get("username"), values.get("key")
    if not (isinstance(username, str) and isinstance(key, str) and username and key):
        return None
    return Credentials(source, username=username, key=key)


def _oauth() -> Credentials | None:
    path = _home_folder() / "credentials.json"
    values = _object(path)
    if not values.get("refresh_token"):
        return None
    name = values.get("username")
    return Credentials(str(path), username=str(name) if name else None, oauth_file=str(path))


def _home_folder() -> Path:
    return Path("~/.kaggle").expanduser()


def _config_folder() -> Path:
    if named := os.environ.get("KAGGLE_CONFIG_DIR"):
        return Path(named).expanduser()
    home = _home_folder()
    if home.exists() or not sys.platform.startswith("linux"):
        return home
    return Path(os.environ.get("XDG_CONFIG_HOME") or "~/.config").expanduser() / "kaggle"


def _is_file(value: str) -> bool:
    try:
        return Path(value).is_file()
    except (OSError, ValueError):  # a token is longer than a name may be
        return False


def _text(path: Path) -> str | None:
    try:
        return path.read_text("utf-8").strip() or None
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise AccessError(f"the Kaggle credentials in {path} cannot be read: {error}") from error


def _object(path: Path) -> dict[str, Any]:
    text = _text(path)
    if text is None:
        return {}
    try:
        content = json.loads(text)
    except ValueError as error:
        raise AccessError(f"{path} is not JSON: {error}", f"a new one: {_SETTINGS_PAGE}") from error
    return content if isinstance(content, dict) else {}
