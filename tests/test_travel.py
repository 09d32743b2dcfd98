from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING, Any

import pytest

from fahr_core.errors import ArtifactError, UsageError
from fahr_core.experiment import Experiment
from fahr_core.travel import Travellers, travellers

if TYPE_CHECKING:
    from pathlib import Path


def put(folder: Path, *names: str, size: int = 1) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        with (folder / name).open("wb") as stream:
            stream.truncate(size)


def found_in(folder: Path, artifact: str = "train.py", **options: Any) -> Travellers:
    return travellers(Experiment(folder, artifact, "script"), **options)


def paths(folder: Path, **options: Any) -> set[str]:
    return {e.path for e in found_in(folder, **options).entries if not e.folder}


NEVER = [
    ".env", "a/.env.local", "server.pem", "a/b/x.key", "id_rsa", "id_work", ".netrc",
    "kaggle.json", "credentials.json", ".aws/config", ".ssh/config", ".git/config",
    "__pycache__/a.pyc", "a/.ipynb_checkpoints/n.ipynb", "node_modules/m/i.js",
    ".fahr-fetch.writing-a/model.h5",
    ".fahr/environment.lock", "n.executed.ipynb", "data/x.csv", "a/datasets/y.csv", "raw_data/z",
]  # fmt: skip
ALWAYS = [
    "train.py", "a/net.py", "id_map.json", "requirements.txt", "fahr.toml", "run.sh",
    "configs/data/cifar.yaml", "data_tools.py", "notes/n.ipynb", ".hidden", "a/.streamlit/x.toml",
]  # fmt: skip


def test_what_never_travels_and_what_always_does(tmp_path: Path) -> None:
    put(tmp_path, *NEVER, *ALWAYS)
    assert paths(tmp_path) == set(ALWAYS)


@pytest.mark.parametrize("name", NEVER)
def test_each_travels_when_it_is_named(tmp_path: Path, name: str) -> None:
    put(tmp_path, *NEVER, "train.py")
    assert paths(tmp_path, include=[name]) == {"train.py", name}


def test_what_was_fetched_stays_until_it_is_changed_or_named(tmp_path: Path) -> None:
    put(tmp_path, "train.py", "model.h5", "edited.txt", "plots/a.svg", "mine.txt")
    fetched = {
        name: ((tmp_path / name).stat().st_size, (tmp_path / name).stat().st_mtime_ns)
        for name in ("train.py", "model.h5", "edited.txt", "plots/a.svg")
    }
    (tmp_path / "edited.txt").write_text("edited")
    found = found_in(tmp_path, fetched=fetched)
    assert {e.path for e in found.entries if not e.folder} == {"train.py", "edited.txt", "mine.txt"}
    assert {path for path, _ in found.left_out} == {"model.h5", "plots/a.svg"}
    assert not [e.path for e in found.entries if e.folder]  # nor the folder that it lies in
    assert "model.h5" in paths(tmp_path, fetched=fetched, include=["*.h5"])


@pytest.mark.parametrize("mark", ["pyvenv.cfg", "conda-meta/history", "fahr-job.json"])
def test_environments_and_earlier_output_stay(tmp_path: Path, mark: str) -> None:
    put(tmp_path, "train.py", f"thing/{mark}", "thing/lib/x.py")
    assert paths(tmp_path) == {"train.py"}
    assert found_in(tmp_path).left_out == ()
    assert "thing/lib/x.py" in paths(tmp_path, include=["thing"])
    assert paths(tmp_path, include=["thing/lib/x.py"]) == {"train.py", "thing/lib/x.py"}


def test_notable_things_are_told_with_their_sizes(tmp_path: Path) -> None:
    put(tmp_path, "train.py", ".git/x", "__pycache__/x", "v/pyvenv.cfg", "small.h5")
    put(tmp_path, "data/a", "data/b/c", size=2_000_000)
    put(tmp_path, "large.h5", "out/log.h5", size=3_000_000)
    put(tmp_path, ".env", size=7)
    (tmp_path / ".gitignore").write_text("*.h5\n/out\n")
    assert found_in(tmp_path).left_out == (
        ("data/", 4_000_000),
        ("large.h5", 3_000_000),
        ("out/", 3_000_000),
        (".env", 7),
    )


def test_a_folder_too_large_to_count_says_more_than(tmp_path: Path) -> None:
    put(tmp_path, "train.py", *(f"data/{n}" for n in range(1200)), size=10_000)
    ((path, size),) = found_in(tmp_path).left_out
    assert path == "data/"
    assert -12_000_000 < size < 0


def test_a_package_named_data_is_code(tmp_path: Path) -> None:
    put(tmp_path, "train.py", "data/__init__.py", "data/load.py", "data/x.csv", "data/raw/y.py")
    put(tmp_path, "data/sub/__init__.py", "data/sub/z.py")
    kept = {"data/__init__.py", "data/load.py", "data/sub/__init__.py", "data/sub/z.py"}
    assert paths(tmp_path) == {"train.py", *kept}


def test_the_artifact_travels_whatever_a_rule_says(tmp_path: Path) -> None:
    put(tmp_path, "data/train.py", "data/x.csv", "other.py")
    (tmp_path / ".gitignore").write_text("*.py\n")
    found = found_in(tmp_path, "data/train.py")
    assert "data/train.py" in {entry.path for entry in found.entries}
    assert "other.py" not in {entry.path for entry in found.entries}


class TestIncludeAndExclude:
    def test_an_included_folder_comes_whole_but_for_secrets(self, tmp_path: Path) -> None:
        put(tmp_path, "train.py", "data/x.csv", "data/raw/y.csv", "data/.env", "data/.git/config")
        (tmp_path / ".gitignore").write_text("*.csv\n")
        (tmp_path / "data" / ".gitignore").write_text("*\n")
        assert paths(tmp_path, include=["data"]) == {
            *("train.py", ".gitignore", "data/.gitignore", "data/x.csv", "data/raw/y.csv")
        }
        assert "data/.env" not in paths(tmp_path, include=["data", "data/*", "**"])
        assert "data/.env" in paths(tmp_path, include=["data/.env"])

    def test_a_pattern_reaches_into_a_folder_that_stays(self, tmp_path: Path) -> None:
        put(tmp_path, "train.py", "data/a/x.csv", "data/a/y.bin", "data/b/z.csv")
        assert paths(tmp_path, include=["data/*/*.csv"]) == {
            "train.py",
            "data/a/x.csv",
            "data/b/z.csv",
        }

    def test_a_star_asks_for_no_secret_and_for_nothing_outside(self, tmp_path: Path) -> None:
        put(tmp_path, "e/train.py", "e/.env", "e/v/pyvenv.cfg", "e/data/x", "e/.git/x", "out")
        (tmp_path / "e" / "link").symlink_to("../out")
        assert paths(tmp_path / "e", include=["*", "**"]) == {"train.py", "data/x"}

    def test_exclude_is_stronger(self, tmp_path: Path) -> None:
        put(tmp_path, "train.py", "data/raw/x", "data/y", "notes.md")
        kept = paths(tmp_path, include=["data"], exclude=["data/raw", "*.md", "train.py"])
        assert kept == {"train.py", "data/y"}

    def test_patterns_that_lead_out(self, tmp_path: Path) -> None:
        put(tmp_path, "train.py")
        with pytest.raises(UsageError):
            paths(tmp_path, include=["../x"])


class TestLinks:
    def links(self, folder: Path, **options: Any) -> dict[str, str]:
        found = found_in(folder, **options).entries
        return {entry.path: entry.target for entry in found if entry.target is not None}

    def test_inside_they_stay_links(self, tmp_path: Path) -> None:
        put(tmp_path, "train.py", "a/net.py", "b/x")
        (tmp_path / "b" / "n.py").symlink_to(tmp_path / "a" / "net.py")
        (tmp_path / "a2").symlink_to("a")
        (tmp_path / "top").symlink_to(".")
        assert self.links(tmp_path) == {"b/n.py": "../a/net.py", "a2": "a", "top": "."}

    def test_out_of_the_folder_they_stay_here(self, tmp_path: Path) -> None:
        put(tmp_path, "e/train.py", "secret.txt", "big/x")
        (tmp_path / "e" / "s.txt").symlink_to("../secret.txt")
        (tmp_path / "e" / "big").symlink_to(tmp_path / "big")
        told: list[str] = []
        found = found_in(tmp_path / "e", warn=told.append)
        assert [entry.path for entry in found.entries] == ["train.py"]
        assert dict(found.left_out) == {"s.txt": 0, "big": 0}
        assert all("a link out of the folder" in line for line in told)
        assert len(told) == 2

    def test_unless_they_are_named(self, tmp_path: Path) -> None:
        put(tmp_path, "e/train.py", "common.py", "big/x", "big/sub/y", size=5)
        (tmp_path / "e" / "common.py").symlink_to("../common.py")
        (tmp_path / "e" / "big").symlink_to(tmp_path / "big")
        (tmp_path / "big" / "sub" / "big").symlink_to("../../big")
        found = found_in(tmp_path / "e", include=["common.py", "big"])
        assert {e.path: e.size for e in found.entries if not e.folder} == {
            "train.py": 5,
            "common.py": 5,
            "big/x": 5,
            "big/sub/y": 5,
        }

    def test_to_nothing_or_to_what_stays(self, tmp_path: Path) -> None:
        put(tmp_path, "train.py", "data/x.csv", ".env")
        for name, target in {"gone": "nowhere", "x.csv": "data/x.csv", "e": ".env"}.items():
            (tmp_path / name).symlink_to(target)
        (tmp_path / "loop").symlink_to("loop")
        told: list[str] = []
        assert paths(tmp_path, warn=told.append) == {"train.py"}
        assert len(told) == 4

    def test_a_secret_is_not_followed(self, tmp_path: Path) -> None:
        put(tmp_path, "e/train.py", "e/plain")
        (tmp_path / "e" / ".env").symlink_to("plain")
        assert paths(tmp_path / "e") == {"train.py", "plain"}

    def test_the_artifact_is_followed(self, tmp_path: Path) -> None:
        put(tmp_path, "shared.py", "e/x", size=9)
        (tmp_path / "e" / "train.py").symlink_to("../shared.py")
        assert {(e.path, e.size) for e in found_in(tmp_path / "e").entries} == {
            ("train.py", 9),
            ("x", 9),
        }


class TestPersonalFolders:
    def test_only_code_and_the_environment_file(self, own_home: Path) -> None:
        home = own_home.resolve()
        put(home, "Downloads/other.py", "requirements.txt", "photo.jpg", "pkg/.env")
        put(home, "net.py", "pkg/__init__.py", "pkg/table.json", "pkg/data/x.csv", "run.sh")
        (home / "train.py").write_text("import net, pkg, credentials")
        put(home, "credentials.py")
        told: list[str] = []
        kept = {"train.py", "net.py", "requirements.txt", "pkg/__init__.py", "pkg/table.json"}
        assert paths(home, warn=told.append) == kept
        assert "does not travel as a folder" in told[0]
        assert paths(home, include=["photo.jpg"]) == {*kept, "photo.jpg"}

    def test_a_folder_below_is_an_experiment(self, own_home: Path) -> None:
        put(own_home.resolve(), "work/train.py", "work/x.txt")
        assert paths(own_home.resolve() / "work") == {"train.py", "x.txt"}


def test_what_is_no_file_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, "train.py")
    os.mkfifo(tmp_path / "pipe")
    monkeypatch.chdir(tmp_path)
    told: list[str] = []
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind("sock")
        assert paths(tmp_path, warn=told.append) == {"train.py"}
    assert told == ["pipe stays here: not a plain file", "sock stays here: not a plain file"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_folder_that_cannot_be_read(tmp_path: Path) -> None:
    put(tmp_path, "train.py", "closed/x")
    (tmp_path / "closed").chmod(0)
    with pytest.raises(ArtifactError, match="closed cannot be read"):
        paths(tmp_path)


def test_very_deep_folders(tmp_path: Path) -> None:
    put(tmp_path, "train.py")
    deep = str(tmp_path)
    for _ in range(1200):  # deeper than Python's recursion
        deep += "/d"
        os.mkdir(deep)
    assert len(found_in(tmp_path).entries) == 1201
    while deep != str(tmp_path):
        os.rmdir(deep)
        deep = deep[:-2]
