from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fahr_core.errors import UsageError
from fahr_core.experiment import Experiment
from fahr_core.ignoring import Ignoring
from fahr_core.travel import travellers

if TYPE_CHECKING:
    from pathlib import Path

FILES = ["a.txt", "a.py", "b/a.txt", "b/a.py", "b/c/a.txt", "b/c/d.py", "c/b/a.py", "logs/x", "x y"]


def travelling(folder: Path) -> set[str]:
    found = travellers(Experiment(folder, "train.py", "script"))
    return {entry.path for entry in found.entries if not entry.folder}


def git(folder: Path, *arguments: str) -> list[str]:
    done = subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True)
    return [line for line in done.stdout.decode().split("\0") if line]


def build(folder: Path, ignore: dict[str, str]) -> None:
    git(folder, "init", "-q")
    for name in [*FILES, "train.py"]:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("x")
    for place, text in ignore.items():
        (folder / place).write_text(text)


def kept_by_git(folder: Path) -> set[str]:
    return set(git(folder, "ls-files", "-z", "--others", "--exclude-standard"))


@pytest.mark.parametrize(
    "text",
    [
        "*.txt\n!b/a.txt\n",
        "/a.py\n",
        "b\n!b/a.py\n",
        "b/*\n!b/c\n",
        "b/*\n!b/c/\n",
        "*\n!*/\n!*.py\n",
        "*\n!*.py\n",
        "/*\n!/b/\n",
        "**/c/\n",
        "b/**\n",
        "b/**/d.py\n",
        "# no\n\\#x\n\nx\\ y\n",
        "a.txt   \n",
        "logs/\n!logs/x\n",
        "[ab].txt\n",
        "/b/c\r\n",
        "a*t\n!?.t[w-y]t\n",
        "[!b].txt\n",
        "[[:lower:]].py\n",
        "[]a].py\n[\\]b].txt\n",
        "[z-a].py\n[a.txt\na.py\\\n",
        "b**/d.py\nb/**/**\n",
        "\\!x\n\\a.py\n",
        "**\n!b/\n",
        "/\n//\n!\n!/\n",
        "b//\nc/b/\n",
        "\ta.py\na.txt\t\n",
    ],
)
def test_a_pattern_means_what_it_means_to_git(tmp_path: Path, text: str) -> None:
    build(tmp_path, {".gitignore": text})
    assert travelling(tmp_path) - {"train.py"} == kept_by_git(tmp_path) - {"train.py"}


def test_a_deeper_file_wins(tmp_path: Path) -> None:
    build(tmp_path, {".gitignore": "*.txt\n*.py\n", "b/.gitignore": "!a.txt\n/c/d.py\n"})
    assert travelling(tmp_path) - {"train.py"} == kept_by_git(tmp_path)
    assert "b/a.txt" in travelling(tmp_path)


lines = st.sampled_from(
    ["*.txt", "!*.txt", "b", "!b", "b/", "/b/*", "!/b/c/", "**/a.*", "c/**", "!c/b", "*", "!*/",
     "!a.py", "/c", "logs/*", "!logs/x", "b/c", "?.py", "!b/**"]
)  # fmt: skip


@settings(max_examples=60)
@given(st.lists(lines, max_size=5), st.lists(lines, max_size=3))
def test_the_same_as_git(
    tmp_path_factory: pytest.TempPathFactory, top: list[str], inner: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("r")
    build(folder, {".gitignore": "\n".join(top), "b/.gitignore": "\n".join(inner)})
    assert travelling(folder) | {"train.py"} == kept_by_git(folder) | {"train.py"}


class TestAboveTheExperiment:
    def test_parents_count_up_to_the_repository(self, tmp_path: Path) -> None:
        (tmp_path / "r").mkdir()
        build(tmp_path / "r", {})
        (tmp_path / ".gitignore").write_text("*\n")
        (tmp_path / "r" / ".gitignore").write_text("*.txt\n/b/c/d.py\n")
        (tmp_path / "r" / ".git" / "info" / "exclude").write_text("a.py\n")
        (tmp_path / "r" / "b" / "train.py").write_text("")
        assert travelling(tmp_path / "r" / "b") == {"train.py"}

    def test_the_experiment_itself_is_never_ignored(self, tmp_path: Path) -> None:
        build(tmp_path, {".gitignore": "b/\n*.bin\n"})
        (tmp_path / "b" / "train.py").write_text("")
        assert travelling(tmp_path / "b") == {"train.py", "a.txt", "a.py", "c/a.txt", "c/d.py"}

    def test_without_a_repository_parents_do_not_count(self, tmp_path: Path) -> None:
        (tmp_path / ".gitignore").write_text("*.txt\n")
        (tmp_path / "e").mkdir()
        (tmp_path / "e" / "a.txt").write_text("")
        assert travelling(tmp_path / "e") == {"a.txt"}


def test_fahrignore_has_the_last_word(tmp_path: Path) -> None:
    build(tmp_path, {".gitignore": "*.txt\n", ".fahrignore": "!a.txt\n*.py\n/.*ignore\n"})
    assert travelling(tmp_path) == {"a.txt", "b/a.txt", "b/c/a.txt", "logs/x", "x y", "train.py"}


def test_nothing_holds_without_an_ignore_file(tmp_path: Path) -> None:
    assert Ignoring.above(tmp_path).below(tmp_path, "", {"a.py"}) == Ignoring()


def test_a_folder_of_that_name_is_no_ignore_file(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").mkdir()
    (tmp_path / "a").write_text("")
    assert travelling(tmp_path) == {"a"}


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_an_unreadable_ignore_file_is_told(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("")
    (tmp_path / ".gitignore").chmod(0)
    with pytest.raises(UsageError, match="cannot be read"):
        travelling(tmp_path)
