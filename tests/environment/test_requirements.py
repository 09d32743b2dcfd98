from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fahr_core.environment.requirements import expand, logical_lines, normalised, option, scan
from fahr_core.errors import EnvironmentFileError

if TYPE_CHECKING:
    from pathlib import Path

WORDS = st.text("abcdefgh-=<>.,0123456789[]; '\"", min_size=1).filter(str.strip)


def test_comments_blank_lines_and_continuations() -> None:
    text = "# top\n\nsix \\\n  ==1.17.0  # why\niniconfig # x\nurl @ https://h/#sub=1\n"
    assert logical_lines(text) == [
        (3, "six   ==1.17.0"),
        (5, "iniconfig"),
        (6, "url @ https://h/#sub=1"),
    ]


def test_a_comment_after_a_continued_line_ends_it() -> None:
    assert logical_lines("six \\\n# not part\ntomli") == [(1, "six"), (3, "tomli")]


@given(st.lists(WORDS))
def test_lines_without_comments_come_back_one_by_one(words: list[str]) -> None:
    lines = logical_lines("\n".join(words))
    assert [text for _, text in lines] == [word.strip() for word in words]
    assert all(words[number - 1].strip() == text for number, text in lines)


@given(st.text())
def test_no_text_breaks_the_scan(text: str) -> None:
    for number, line in logical_lines(text):
        assert line
        assert 1 <= number <= text.count("\n") + 1
        option(line)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("-r other.txt", ("--requirement", "other.txt")),
        ("-rother.txt", ("--requirement", "other.txt")),
        ("--requirement=other.txt", ("--requirement", "other.txt")),
        ('-c "with space.txt"', ("--constraint", "with space.txt")),
        ("-e .", ("--editable", ".")),
        ("--index-url=https://h/?a=b", ("--index-url", "https://h/?a=b")),
        ("--pre", ("--pre", "")),
        ("six", ("", "")),
        ("six --hash=sha256:0", ("", "")),
    ],
)
def test_options_as_pip_writes_them(text: str, found: tuple[str, str]) -> None:
    assert option(text) == found


def test_includes_are_followed_from_their_own_folder(tmp_path: Path) -> None:
    (tmp_path / "deps").mkdir()
    (tmp_path / "requirements.txt").write_text("-r deps/a.txt\n-c deps/c.txt\nsix\n")
    (tmp_path / "deps/a.txt").write_text("-r b.txt\ntomli\n")
    (tmp_path / "deps/b.txt").write_text("-r ../requirements.txt\niniconfig\n")
    (tmp_path / "deps/c.txt").write_text("six<2\n")
    found = scan(tmp_path / "requirements.txt", "requirements.txt")
    assert [(line.place, line.text, line.constraint) for line in found.lines] == [
        ("deps/b.txt:2", "iniconfig", False),
        ("deps/a.txt:2", "tomli", False),
        ("deps/c.txt:1", "six<2", True),
        ("requirements.txt:3", "six", False),
    ]


def test_a_missing_include_names_the_line_that_asks_for_it(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("six\n-r gone.txt\n")
    with pytest.raises(EnvironmentFileError, match=r"requirements.txt:2 no .* gone.txt"):
        scan(tmp_path / "requirements.txt", "requirements.txt")


def test_variables_are_expanded_as_pip_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "x")
    monkeypatch.delenv("UNSET", raising=False)
    assert (
        expand("https://${TOKEN}@h $TOKEN ${UNSET} ${lower}")
        == "https://x@h $TOKEN ${UNSET} ${lower}"
    )


def test_names_compare_as_on_an_index() -> None:
    assert normalised("Scikit_Learn..x") == "scikit-learn-x"
