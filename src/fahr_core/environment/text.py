"""The text of a file that a person or another program wrote, whatever its encoding.

PowerShell's ``pip freeze > requirements.txt`` writes UTF-16, Windows editors put a byte
order mark in front, and both end lines with CRLF; all of it is read alike.
"""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING

from fahr_core.errors import EnvironmentFileError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["decode", "read_text"]

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # begins with UTF-16's mark, so it comes first
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def read_text(path: Path, name: str) -> str:
    r"""Give the text of ``path`` with ``\n`` between lines; messages call it ``name``.

    Raises:
        EnvironmentFileError: it is missing, cannot be read, or is no text.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise EnvironmentFileError(f"no environment file {name}") from None
    except OSError as error:
        raise EnvironmentFileError(f"cannot read {name}: {error.strerror}") from error
    return decode(content, name)


def decode(content: bytes, name: str) -> str:
    r"""Give the text that ``content`` encodes, with ``\n`` between lines.

    Raises:
        EnvironmentFileError: it is no text, which names the line.
    """
    try:
        text = content.decode(_encoding(content))
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise EnvironmentFileError(
            f"{name}:{line} is no text: byte 0x{content[error.start]:02x} is not UTF-8",
            f"save {name} as UTF-8",
        ) from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise EnvironmentFileError(f"{name}:{line} is no text: it holds a zero byte")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _encoding(content: bytes) -> str:
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return encoding
    if content[1:2] == b"\0" and content[:1] != b"\0":
        return "utf-16-le"  # a requirement begins with an ASCII character
    return "utf-8"
