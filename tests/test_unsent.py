from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fahr_core.errors import UsageError
from fahr_core.unsent import Counting, Named, is_data, is_personal, secret

KEYS = [".env", ".env.local", ".ENV", "a.pem", "Server.KEY", "id_rsa", "id_rsa.pub", "id_ed25519",
        "id_rsa.old", "id_ecdsa_sk", "id_work", "id_work.pub", ".netrc", "_netrc", "kaggle.json",
        "credentials", "credentials.json", ".git-credentials", ".pypirc"]  # fmt: skip
PLAIN = ["id_map.json", "id_tools.py", "environment.yaml", "env", "keys.json", "pem.py", "rsa_id",
         "my_credentials.md", "kaggle.jsonl", "model.keys"]  # fmt: skip


@pytest.mark.parametrize("name", KEYS)
def test_secrets(name: str) -> None:
    assert secret(name, is_folder=False)


@pytest.mark.parametrize("name", PLAIN)
def test_what_is_no_secret(name: str) -> None:
    assert not secret(name, is_folder=False)


def test_folders_of_secrets() -> None:
    assert all(secret(name, is_folder=True) for name in (".aws", ".ssh", ".env", "credentials"))
    assert not any(secret(name, is_folder=True) for name in ("id_embedding", "keys", "aws"))


@pytest.mark.parametrize("path", ["data", "Data", "datasets", "dataset", "raw_data", "a/b/my-data"])
def test_data(path: str) -> None:
    assert is_data(path)


@pytest.mark.parametrize("path", ["metadata", "data_tools", "conf/data", "configs/x/dataset"])
def test_no_data(path: str) -> None:
    assert not is_data(path)


@pytest.mark.parametrize(
    ("pattern", "path", "meant"),
    [
        ("data", "data", True),
        ("data", "src/data", True),
        ("data", "data/x.csv", False),
        ("./data/", "data", True),
        ("data/*.csv", "data/x.csv", True),
        ("data/*.csv", "data/a/x.csv", False),
        ("data/**/x.csv", "data/x.csv", True),
        ("data/**/x.csv", "data/a/b/x.csv", True),
        ("a[1].py", "a[1].py", True),
        ("*.env", ".env", True),
    ],
)
def test_patterns(pattern: str, path: str, meant: bool) -> None:
    assert Named([pattern]).names(path) is meant


def test_a_star_names_no_secret() -> None:
    assert Named(["keys/*"]).names("keys/a.pem")
    assert not Named(["keys/*"]).names_itself("keys/a.pem")
    assert Named(["keys/*.pem"]).names_itself("keys/a.pem")


def test_reaching_into_folders() -> None:
    named = Named(["data/small/x.csv", "*.h5"])
    assert named.reaches_into("data")
    assert named.reaches_into("data/small")
    assert not named.reaches_into("data/large")
    assert not named.reaches_into("other")


@pytest.mark.parametrize("pattern", ["", "/etc/passwd", "../x", "a/../../x", "~/x", "."])
def test_patterns_stay_inside(pattern: str) -> None:
    with pytest.raises(UsageError):
        Named([pattern])


parts = st.text("ab.-_ é[]*?", min_size=1, max_size=6).filter(lambda p: p not in (".", ".."))


@given(st.lists(parts, min_size=1, max_size=4))
def test_a_path_names_itself(path: list[str]) -> None:
    text = "/".join(path)
    if text.startswith(("~", "**")):
        return
    named = Named([text])
    assert named.names(text)
    assert all(named.reaches_into("/".join(path[:n])) for n in range(1, len(path)))


def test_personal_folders(own_home: Path, tmp_path: Path) -> None:
    home = own_home.resolve()
    (home / ".config").mkdir()
    (home / ".config" / "user-dirs.dirs").write_text('XDG_DESKTOP_DIR="$HOME/Schreibtisch"\n')
    personal = [
        home,
        home.parent,
        home / "Downloads",
        home / "Schreibtisch",
        Path("/"),
        Path("/tmp"),
    ]
    assert all(is_personal(folder) for folder in personal)
    assert not any(is_personal(f) for f in (tmp_path, home / "work", home / "work" / "Downloads"))


def test_counting(tmp_path: Path) -> None:
    for number in range(30):
        (tmp_path / f"{number % 3}").mkdir(exist_ok=True)
        (tmp_path / f"{number % 3}" / f"{number}").write_bytes(b"x" * 10)
    assert Counting(entries=100, seconds=10).size(str(tmp_path)) == 300
    few = Counting(entries=13, seconds=10)
    assert -300 < few.size(str(tmp_path)) < 0
    assert few.size(str(tmp_path)) == -1
    assert Counting(entries=100, seconds=0).size(str(tmp_path)) == -1
    assert Counting().size(str(tmp_path / "nowhere")) == 0
