"""Patterns as in .gitignore: what git itself says is right."""

import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fahr_core.launcher.exclude import Exclude


@pytest.mark.parametrize(
    ("pattern", "path", "left_out"),
    [
        ("*.log", "a.log", True),
        ("*.log", "deep/a.log", True),
        ("/a.log", "deep/a.log", False),
        ("logs/*.txt", "logs/a.txt", True),
        ("logs/*.txt", "logs/deep/a.txt", False),
        ("logs/**", "logs/deep/a.txt", True),
        ("**/a", "x/y/a", True),
        ("x/**/a", "x/a", True),
        ("x/**/a", "x/y/z/a", True),
        ("data/", "data", False),
        ("epoch-[0-8].h5", "epoch-9.h5", False),
        ("epoch-[!0-8].h5", "epoch-9.h5", True),
        ("?.h5", "a.h5", True),
        ("a\\*", "a*", True),
        ("a\\*", "ab", False),
        ("line*", "line\nend", True),
        ("", "a", False),
    ],
)
def test_files(pattern: str, path: str, left_out: bool) -> None:
    assert Exclude([pattern]).file(path) is left_out


def test_last_word_wins() -> None:
    assert Exclude(["*.log", "!keep.log"]).file("keep.log") is False
    assert Exclude(["!keep.log", "*.log"]).file("keep.log") is True
    assert Exclude(["!.cache/"]).folder(".cache", "/nowhere") is False


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give an empty git repository."""
    folder = tmp_path_factory.mktemp("repository")
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    return folder


PARTS = st.sampled_from(["a", "b", "*", "**", "?", "[ab]", "a*", "*b", "[!a]", "?b", "ab"])
PATTERNS = st.builds(
    lambda start, parts, end: start + "/".join(parts) + end,
    st.sampled_from(["", "/"]),
    st.lists(PARTS, min_size=1, max_size=3),
    st.sampled_from(["", "/"]),
)
PATHS = st.lists(st.sampled_from(["a", "b", "ab", "ba"]), min_size=1, max_size=3).map("/".join)


@settings(max_examples=60)
@given(pattern=PATTERNS, path=PATHS)
def test_as_git_does(repository: Path, pattern: str, path: str) -> None:
    (repository / ".gitignore").write_text(pattern + "\n")
    command = ["git", "-C", str(repository), "check-ignore", "-q", "--no-index", path]
    by_git = subprocess.run(command, check=False).returncode == 0
    exclude = Exclude([pattern])
    parts = path.split("/")
    above = ["/".join(parts[:depth]) for depth in range(1, len(parts))]
    ours = any(exclude.folder(folder, "/nowhere") for folder in above) or exclude.file(path)
    assert ours == by_git, pattern
