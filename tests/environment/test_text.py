from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fahr_core.environment.text import decode, read_text
from fahr_core.errors import EnvironmentFileError

if TYPE_CHECKING:
    from pathlib import Path

NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0\r\ufeff"), max_size=40)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_every_encoding_that_shells_and_editors_write_reads_alike(
    encoding: str, newline: str
) -> None:
    content = f"six==1.17.0{newline}# schön{newline}".encode(encoding)
    assert decode(content, "requirements.txt") == "six==1.17.0\n# schön\n"


@given(NAMES)
def test_utf8_is_kept_as_it_is(text: str) -> None:
    assert decode(("a" + text).encode(), "x") == "a" + text


def test_what_is_no_text_names_the_line() -> None:
    with pytest.raises(EnvironmentFileError, match=r"requirements.txt:2 is no text: byte 0xff"):
        decode(b"six\n\xff\xfa", "requirements.txt")
    with pytest.raises(EnvironmentFileError, match="x:2 is no text: it holds a zero byte"):
        decode(b"six\nab\0c", "x")


def test_a_missing_file_and_a_folder_are_said(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFileError, match=r"no environment file gone\.txt"):
        read_text(tmp_path / "gone.txt", "gone.txt")
    with pytest.raises(EnvironmentFileError, match="cannot read folder"):
        read_text(tmp_path, "folder")
