"""Credentials are looked for in the official client's order."""

import json

import pytest

from fahr_core.errors import AccessError
from fahr_kaggle.credentials import find_credentials, local_username


@pytest.fixture
def files(home):
    """Give a function that writes a file of Kaggle's below the home."""

    def write(name, content, folder=".kaggle"):
        file = home / folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content if isinstance(content, str) else json.dumps(content))
        return file

    return write


def test_there_are_none(home):
    with pytest.raises(AccessError, match="no Kaggle credentials") as told:
        find_credentials()
    assert "access_token" in str(told.value)
    assert local_username() is None


def test_the_order(files, outside):
    files("credentials.json", {"refresh_token": "r", "username": "olga"})
    assert find_credentials().username == "olga"
    files("kaggle.json", {"username": "karl", "key": "k"})
    assert (find_credentials().username, find_credentials().key) == ("karl", "k")
    outside.setenv("KAGGLE_KEY", "other")
    assert (find_credentials().username, find_credentials().key) == ("karl", "other")
    files("access_token.txt", "T1\n")
    assert find_credentials().token == "T1"
    files("access_token", "T2\n")
    assert find_credentials().token == "T2"
    outside.setenv("KAGGLE_API_TOKEN", "T3")
    assert find_credentials().token == "T3"
    outside.setenv("KAGGLE_API_TOKEN", str(files("elsewhere", " T4 ")))
    assert find_credentials().token == "T4"


def test_a_folder_of_ones_own(files, outside, home):
    files("kaggle.json", {"username": "karl", "key": "k"}, ".config/kaggle")
    assert local_username() == "karl"
    files("kaggle.json", {"username": "kim", "key": "k"}, "mine")
    outside.setenv("KAGGLE_CONFIG_DIR", str(home / "mine"))
    assert local_username() == "kim"


@pytest.mark.parametrize("content", ["{", '{"username": "karl"}', '["karl"]', ""])
def test_half_a_file_is_none(files, content):
    files("kaggle.json", content)
    with pytest.raises(AccessError):
        find_credentials()


def test_a_secret_is_not_shown(files):
    files("access_token", "KGAT_secret")
    assert "KGAT_secret" not in repr(find_credentials())
